import { page, userEvent } from "@vitest/browser/context";
import axe from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceError } from "../src/core/transport";
import { outcomes } from "../src/core/types";
import { Words } from "../src/core/words";
import "../src/ui/earshot-history";
import type { EarshotHistory } from "../src/ui/earshot-history";
import { entries, entry, FakeBridge, kitchen } from "./fake";

let bridge: FakeBridge;
let element: EarshotHistory;

beforeEach(async () => {
  document.documentElement.style.colorScheme = "light";
  await page.viewport(1024, 768);
});

afterEach(() => element.remove());

async function show(fake: FakeBridge): Promise<void> {
  bridge = fake;
  element = document.createElement("earshot-history") as EarshotHistory;
  element.transport = bridge;
  element.words = new Words("en");
  document.body.append(element);
  await until(() => rows().length > 0 || query(".note") !== null);
}

const query = <E extends HTMLElement>(selector: string, within: ParentNode = element.renderRoot): E | null => within.querySelector<E>(selector);
const rows = () => [...element.renderRoot.querySelectorAll<HTMLElement>(".row")];
const ids = () => rows().map((r) => r.dataset["id"]);
const text = () => deepText(element.shadowRoot!);
const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 5000 });
const called = (type: string) => bridge.calls.filter((c) => c.type === type);
const button = (name: string | RegExp, nth = 0) => page.getByRole("button", { name }).nth(nth);
const dialog = () => query("earshot-delete-dialog")!.shadowRoot?.querySelector("dialog"); // once it was wanted
const dialogSays = (part: string) => (dialog()?.open && dialog()!.textContent?.includes(part)) ?? false;

/** What is written in a tree and in those inside of it; a space that does not break is one. */
function deepText(root: Element | ShadowRoot): string {
  const inner = [...root.querySelectorAll("*")].map((e) => (e.shadowRoot ? deepText(e.shadowRoot) : ""));
  return [root.textContent, ...inner].join(" ").replace(/\s+/g, " ");
}

async function accessible(): Promise<void> {
  const { violations } = await axe.run(element, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

test("a recording tells what was said, when, where, how sure, and what came of it", async () => {
  await show(new FakeBridge([entry({ transcript: "turn on the light", reply: "Done", score: 0.92, at: "2026-03-04T08:59:00Z" })]));
  await until(() => text().includes("Kitchen"));
  for (const part of ["“turn on the light”", "Done", "Understood", "9:59", "Kitchen", "Okay Nabu 92%", "3.5 s"]) expect(text()).toContain(part);
});

test("what was nearly heard, and a sample, have names of their own, and are played, marked and deleted like all", async () => {
  await show(new FakeBridge(entries(2, (i) => ({ transcript: "", reply: "", outcome: i ? "sample" : "near_miss", score: 0.61, threshold: 0.2 }))));
  expect(rows().map((r) => query(".title", r)!.textContent)).toEqual(["Nearly heard", "Sample"]);
  await button("Play").click();
  await until(() => called("clips/sign").length > 0);
  await button("Details").click();
  await until(() => text().includes("Nearly heard Okay Nabu scored 61%; 20% was needed. The second look said no."));
  await accessible();
  await button("It was meant").click();
  await until(() => bridge.entries.some((e) => e.outcome === "near_miss" && e.label === "correct"));
  await button("Delete: Nearly heard").click();
  await page.getByRole("button", { name: "Delete 1", exact: true }).click();
  await until(() => !bridge.entries.some((e) => e.outcome === "near_miss"));
});

test("what was not meant says so, and why it woke", async () => {
  await show(new FakeBridge([entry({ transcript: "", reply: "", outcome: "not_intended", score: 0.87, threshold: 0.85 })]));
  expect(text()).toContain("Text not available — audio not intended for the assistant");
  await button("Details").click();
  await until(() => text().includes("scored 87%; 85% was needed"));
});

test("the words of a recording are never markup", async () => {
  await show(new FakeBridge([entry({ transcript: "<img src=x onerror=alert(1)>", reply: "<b>bold</b>" })]));
  expect(query("img")).toBeNull();
  expect(query("b")).toBeNull();
  expect(text()).toContain("<img src=x onerror=alert(1)>");
});

test("rows are grouped by day, and more come when the end is near", async () => {
  await show(new FakeBridge(entries(120)));
  expect(element.renderRoot.querySelectorAll("section").length).toBeGreaterThan(1);
  query("#end")!.scrollIntoView();
  await until(() => called("history/list").length >= 2);
  await until(() => {
    query("#end")!.scrollIntoView();
    return called("history/list").length === 3;
  });
});

test("thousands of rows: only those near to what is seen exist", async () => {
  await show(new FakeBridge(entries(1000)));
  for (let n = 2; n <= 20; n++) {
    await until(() => {
      query("#end")!.scrollIntoView();
      return called("history/list").length >= n;
    });
  }
  await until(() => rows().length < 120);
  expect(element.renderRoot.querySelectorAll("earshot-rows").length).toBeGreaterThan(40);
});

test("plays, pauses, and fetches nothing before", async () => {
  await show(new FakeBridge(entries(2)));
  expect(called("clips/sign")).toEqual([]);
  await button("Play").click();
  await expect.element(button("Pause")).toBeVisible();
  expect(called("clips/sign").length).toBe(1);
  await until(() => Number(query("earshot-waveform")!.ariaValueNow) > 0);
  await button("Pause").click();
  await until(() => rows().every((r) => !query(`[aria-label="Pause"]`, r)));
});

test("only one plays, and it stops when its recording is deleted", async () => {
  await show(new FakeBridge(entries(2)));
  await button("Play").click();
  await expect.element(button("Pause")).toBeVisible();
  await button("Play").click(); // the other one
  await until(() => called("clips/sign").length === 2);
  await until(() => query(`[aria-label="Pause"]`, rows()[1]!) !== null);
  expect(query(`[aria-label="Pause"]`, rows()[0]!)).toBeNull();
  bridge.delete(ids()[1]!);
  await until(() => rows().length === 1);
  expect(page.getByRole("button", { name: "Pause" }).elements()).toEqual([]);
});

test("seeks by keyboard", async () => {
  await show(new FakeBridge(entries(1)));
  const wave = query("earshot-waveform")!;
  expect(wave.role).toBe("slider");
  wave.focus();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}{ArrowRight}");
  await until(() => Number(wave.ariaValueNow) >= 5);
  expect(wave.ariaValueText).toMatch(/ of 3\.5\s*s$/);
});

test("a recording that is gone says so", async () => {
  await show(new FakeBridge(entries(1)));
  bridge.refuse["clips/sign"] = new ServiceError("not_found", "There is no such recording.");
  await button("Play").click();
  await until(() => text().includes("can no longer be played"));
});

test("by keyboard only: move, play, open, select a range, delete", async () => {
  await show(new FakeBridge(entries(5)));
  rows()[0]!.focus();
  await userEvent.keyboard("{ArrowDown}");
  await until(() => (element.renderRoot as ShadowRoot).activeElement === rows()[1]);
  await userEvent.keyboard("p");
  await until(() => query(`[aria-label="Pause"]`, rows()[1]!) !== null);
  await userEvent.keyboard("p{Enter}");
  await until(() => query(".details", rows()[1]!) !== null);
  await userEvent.keyboard("{Enter}{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
  await until(() => text().includes("3 selected"));
  await userEvent.keyboard("{Escape}");
  await until(() => !text().includes("selected"));
  await userEvent.keyboard(" {Delete}");
  await until(() => dialog()?.open ?? false);
  await until(() => dialogSays("Delete 1 recording?"));
  await userEvent.keyboard("{Escape}");
  await until(() => !dialog()!.open);
});

test("selects all that match, over several pages, and deletes exactly these", async () => {
  await show(new FakeBridge(entries(120, (i) => ({ outcome: i % 3 ? "understood" : "not_intended" }))));
  await until(() => text().includes("Not intended 40"));
  await button(/^Not intended 40/).click();
  await until(() => text().includes("40 recordings"));
  await page.getByRole("checkbox").first().click();
  await button("Select all 40 that match").click();
  await until(() => text().includes("40 selected"));
  await page.getByRole("toolbar").getByRole("button", { name: "Delete…" }).click();
  await until(() => dialogSays("Delete 40 recordings?"));
  expect(dialog()!.textContent).toContain("This cannot be undone");
  await accessible();
  await page.getByRole("button", { name: "Delete 40" }).click();
  await until(() => dialogSays("40 recordings deleted"));
  expect(called("history/delete_preview").at(-1)!.fields).toEqual({ outcome: "not_intended" });
  await accessible();
  await button("Close").click();
  expect(bridge.entries.length).toBe(80);
  expect(bridge.entries.some((e) => e.outcome === "not_intended")).toBe(false);
});

test("deletes a period: the preview follows the choice, and what is kept stays", async () => {
  await show(new FakeBridge(entries(30, (i) => ({ kept: i === 0, outcome: i % 2 ? "failed" : "understood" }))));
  await button("Delete…").click();
  await until(() => dialogSays("12 recordings")); // of today, and one more is kept
  expect(dialog()!.textContent).toContain("1 that is kept stays.");
  await page.getByRole("radio", { name: "All time" }).click();
  await until(() => dialogSays("29 recordings"));
  await page.getByRole("checkbox", { name: "Failed" }).click();
  await until(() => dialogSays("15 recordings"));
  await accessible();
  await button("Delete 15…").click();
  await until(() => dialogSays("Delete 15 recordings?"));
  await button("Back").click();
  await button("Delete 15…").click();
  await page.getByRole("button", { name: "Delete 15", exact: true }).click();
  await until(() => dialogSays("15 recordings deleted"));
  expect(bridge.entries.length).toBe(15);
});

test("a preview that is too old deletes nothing, and is made anew", async () => {
  await show(new FakeBridge(entries(3)));
  await button(/^Delete: /).click();
  await until(() => dialogSays("Delete 1 recording?"));
  bridge.refuse["history/delete"] = new ServiceError("not_found", "The preview is too old.");
  await page.getByRole("button", { name: "Delete 1", exact: true }).click();
  await until(() => dialogSays("counted anew"));
  expect(bridge.entries.length).toBe(3);
  await accessible();
  delete bridge.refuse["history/delete"];
  await page.getByRole("button", { name: "Delete 1", exact: true }).click();
  await until(() => bridge.entries.length === 2);
});

test("new rows wait while somebody listens", async () => {
  await show(new FakeBridge(entries(3)));
  bridge.add(entry({ id: "n1", at: "2026-03-04T11:30:00Z" }));
  await until(() => ids()[0] === "n1");
  await button("Play").click();
  await expect.element(button("Pause")).toBeVisible();
  bridge.add(entry({ id: "n2", at: "2026-03-04T11:31:00Z" }), entry({ id: "n3", at: "2026-03-04T11:32:00Z" }));
  await expect.element(button("2 new")).toBeVisible();
  expect(ids()[0]).toBe("n1");
  await button("2 new").click();
  await until(() => ids()[0] === "n3");
});

test("marks and keeps", async () => {
  await show(new FakeBridge(entries(2)));
  await button("Details").click();
  await button("It woke by mistake").click();
  await until(() => text().includes("Mistake"));
  await button("Keep").click();
  await until(() => query(".flag", rows()[0]!) !== null && bridge.entries[0]!.kept);
  await button("It woke by mistake").click();
  await until(() => bridge.entries[0]!.label === "");
});

test("somebody who may only read sees no buttons that would be refused", async () => {
  const fake = new FakeBridge(entries(2));
  fake.role = "read";
  await show(fake);
  await accessible();
  for (const name of ["Play", "Delete…", /^Delete: /]) expect(page.getByRole("button", { name }).elements()).toEqual([]);
  expect(page.getByRole("checkbox").elements()).toEqual([]);
});

test("search", async () => {
  await show(new FakeBridge(entries(12)));
  await page.getByRole("searchbox").fill("lamp 11");
  await until(() => rows().length === 1);
  await page.getByRole("searchbox").fill("nothing like it");
  await until(() => text().includes("No recordings match."));
  await accessible();
  await button("Clear filters").click();
  await until(() => rows().length === 12);
});

test("empty, paused, failed and offline", async () => {
  const fake = new FakeBridge();
  fake.save = "nothing";
  await show(fake);
  expect(text()).toContain("No recordings yet. Say “Okay Nabu” and what you want.");
  await until(() => text().includes("Recordings are not saved."));
  await accessible();
  element.remove();

  const broken = new FakeBridge(entries(1));
  broken.refuse["history/list"] = new ServiceError("unknown_error", "The command could not be carried out.");
  await show(broken);
  expect(text()).toContain("The command could not be carried out.");
  await accessible();
  delete broken.refuse["history/list"];
  await button("Try again").click();
  await until(() => rows().length === 1);

  bridge.become("offline");
  await until(() => text().includes("Reconnecting…"));
  expect(rows().length).toBe(1);
  await expect.element(button("Delete…")).toBeDisabled();
  await accessible();
  bridge.become("ready");
  await until(() => !text().includes("Reconnecting…"));
});

test.for([360, 768, 1280])("accessible at %i px, light and dark, with details open and a selection", async (width) => {
  await page.viewport(width, 800);
  const other = { ...kitchen, id: "bath", name: "Bath" };
  const fake = new FakeBridge(entries(9, (i) => ({
    outcome: outcomes[i]!,
    kept: i === 1, label: i === 2 ? "mistake" : "", clip: i === 3 ? null : { bytes: 1 }, error: i === 3 ? { code: "x", message: "No answer" } : null,
  })));
  fake.satellites = [kitchen, other];
  await show(fake);
  for (const scheme of ["light", "dark"]) {
    document.documentElement.style.colorScheme = scheme;
    document.body.style.background = "light-dark(#fff, #1b1f25)";
    await accessible();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  }
  await button("Details", 3).click();
  if (width < 600) {
    await button("Select").click();
  }
  await page.getByRole("checkbox").first().click();
  await until(() => text().includes("1 selected"));
  for (const scheme of ["dark", "light"]) {
    document.documentElement.style.colorScheme = scheme;
    await accessible();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  }
});
