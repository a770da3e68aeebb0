import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HistoryStore } from "../src/core/history-store";
import { ServiceError } from "../src/core/transport";
import { entries, entry, FakeBridge } from "./fake";

let bridge: FakeBridge;
let store: HistoryStore;
let busy = false;

beforeEach(() => {
  vi.useFakeTimers();
  busy = false;
});

afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

async function started(n: number, part?: Parameters<typeof entries>[1]): Promise<void> {
  bridge = new FakeBridge(entries(n, part));
  store = new HistoryStore(bridge, () => busy);
  store.start();
  await settled();
}

/** Lets everything happen that is due within a second. */
const settled = () => vi.advanceTimersByTimeAsync(1000);
const shown = () => store.entries.map((e) => e.id);

test("pages come one after the other, and end", async () => {
  await started(120);
  expect(store.entries.length).toBe(50);
  expect(store.total).toBe(120);
  await Promise.all([store.loadMore(), store.loadMore()]);
  await store.loadMore();
  await store.loadMore();
  expect(shown()).toEqual(bridge.entries.map((e) => e.id));
  expect(store.more).toBe(false);
});

test("a new recording comes to the top; one that waits is shown when it is asked for", async () => {
  await started(2);
  const first = entry({ at: "2026-03-04T11:30:00Z", id: "n1" });
  bridge.add(first);
  expect(shown()[0]).toBe("n1");
  busy = true;
  bridge.add(entry({ at: "2026-03-04T11:40:00Z", id: "n2" }));
  expect(shown()[0]).toBe("n1");
  expect(store.waiting.length).toBe(1);
  await settled();
  expect(store.total).toBe(4);
  store.showNew();
  expect(shown().slice(0, 2)).toEqual(["n2", "n1"]);
  expect(store.waiting.length).toBe(0);
});

test("what is deleted elsewhere is gone, also from the selection and from what waits", async () => {
  await started(3);
  const [a, b] = shown() as [string, string];
  store.select([a, b]);
  busy = true;
  bridge.add(entry({ at: "2026-03-04T11:40:00Z", id: "n1" }));
  bridge.delete(a, "n1");
  expect(shown()).not.toContain(a);
  expect(store.waiting.length).toBe(0);
  expect([...store.selected]).toEqual([b]);
});

test("a change that no longer matches the filter leaves the list", async () => {
  await started(3, (i) => ({ kept: i === 1 }));
  store.setFilter({ kept: true });
  await settled();
  expect(shown().length).toBe(1);
  await bridge.call("history/update", { ids: shown(), kept: false });
  expect(shown()).toEqual([]);
});

test("changes that come during a fetch are not lost", async () => {
  await started(3);
  const reload = store.reload();
  bridge.emit("history/subscribe", { action: "deleted", ids: [bridge.entries[0]!.id] });
  await reload;
  expect(shown()).toEqual(bridge.entries.slice(1).map((e) => e.id));
});

test("everything that matches is selected by the filter, not by what has been fetched", async () => {
  await started(120, (i) => ({ outcome: i % 2 ? "failed" : "understood" }));
  store.selectAll();
  expect(store.selectedCount).toBe(120);
  expect(store.selector()).toEqual({ period: "all" });
  store.setFilter({ outcome: "failed" });
  await settled();
  expect(store.selectedCount).toBe(0);
  store.selectAll();
  expect(store.selectedCount).toBe(60);
  expect(store.selector()).toEqual({ outcome: "failed" });
  store.toggle(shown()[0]!, false);
  expect(store.allSelected).toBe(false);
  expect(store.selectedCount).toBe(49);
});

test("the list stays while the bridge is away, and is right when it is back", async () => {
  await started(3);
  bridge.become("offline");
  await settled();
  expect(shown().length).toBe(3);
  bridge.entries = bridge.entries.slice(1);
  bridge.become("ready");
  await settled();
  expect(shown()).toEqual(bridge.entries.map((e) => e.id));
});

test("a refusal is told", async () => {
  bridge = new FakeBridge(entries(1));
  bridge.refuse["history/list"] = new ServiceError("unknown_error", "The disk is on fire.");
  store = new HistoryStore(bridge);
  store.start();
  await settled();
  expect(store.status).toBe("failed");
  expect(store.problem?.message).toBe("The disk is on fire.");
  delete bridge.refuse["history/list"];
  await store.reload();
  expect(store.status).toBe("ready");
});

test("the answer of an older filter does not overwrite the newer one's", async () => {
  await started(4, (i) => ({ outcome: i % 2 ? "failed" : "understood" }));
  store.setFilter({ outcome: "failed" });
  store.setFilter({ outcome: "understood" });
  await settled();
  expect(store.entries.every((e) => e.outcome === "understood")).toBe(true);
  expect(store.entries.length).toBe(2);
});
