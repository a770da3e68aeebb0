import { page } from "@vitest/browser/context";
import axe from "axe-core";
import { afterEach, expect, test, vi } from "vitest";
import { ServiceError } from "../src/core/transport";
import { HassTransport, localeOf, type Hass } from "../src/core/transport-hass";
import "../src/hass/earshot";
import type { HistoryCard } from "../src/hass/card";
import type { Panel } from "../src/hass/panel";
import { entries, entry, FakeBridge, kitchen } from "./fake";

/** Home Assistant's frontend in front of a bridge, with the integration's commands. */
class FakeHass implements Hass {
  locale: Hass["locale"] = { language: "en", time_format: "24", time_zone: "server" };
  config = { time_zone: "Europe/Berlin" };
  themes = { darkMode: false };
  user = { is_admin: true };
  bridges = [{ id: "home", name: "Earshot" }];
  role = "admin";
  connection: Hass["connection"];

  #events = new EventTarget();
  #watchers = new Set<() => void>();

  constructor(public bridge: FakeBridge) {
    this.connection = {
      connected: true,
      subscribeMessage: async (callback, message) => {
        const m = message as unknown as { type: string; command: string; fields: object };
        if (m.type === "earshot/watch") {
          const tell = () => callback({ online: this.bridge.link === "ready", role: this.role, name: "Earshot" } as never);
          this.#watchers.add(tell);
          tell();
          return async () => void this.#watchers.delete(tell);
        }
        const end = await this.bridge.subscribe(m.command, m.fields, callback as (event: unknown) => void);
        return async () => end();
      },
      addEventListener: (type, listener) => this.#events.addEventListener(type, listener),
      removeEventListener: (type, listener) => this.#events.removeEventListener(type, listener),
    };
  }

  async callWS<T>(message: object): Promise<T> {
    const m = message as { type: string; command: string; fields: object };
    if (m.type === "earshot/bridges") return { bridges: this.bridges } as T;
    try {
      return await this.bridge.call<T>(m.command, m.fields);
    } catch (error) {
      throw { code: (error as ServiceError).code, message: (error as ServiceError).message }; // as Home Assistant does: no Error
    }
  }

  hassUrl = (path = ""): string => (path.startsWith("api/clips/") ? this.bridge.url() : path);

  tell(): void {
    for (const tell of this.#watchers) tell();
  }

  lose(): void {
    this.#events.dispatchEvent(new Event("disconnected"));
  }
}

if (!customElements.get("ha-card")) customElements.define("ha-card", class extends HTMLElement {});

let shown: HTMLElement | undefined;
afterEach(() => shown?.remove());

async function show<E extends HistoryCard | Panel>(tag: string, hass: FakeHass, config?: object): Promise<E> {
  const element = document.createElement(tag) as E;
  if (config) (element as HistoryCard).setConfig(config as never);
  element.hass = hass;
  document.body.append(element);
  shown = element;
  await element.updateComplete;
  return element;
}

const until = (condition: () => unknown) => vi.waitUntil(condition, { timeout: 5000 });

async function accessible(element: HTMLElement): Promise<void> {
  const { violations } = await axe.run(element, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

test("commands and events go through Home Assistant, and its refusals are ours", async () => {
  const hass = new FakeHass(new FakeBridge(entries(2)));
  const transport = new HassTransport(hass, "home");
  const links: string[] = [];
  transport.watch(() => links.push(transport.link));
  transport.open();
  await until(() => transport.link === "ready");
  expect(transport.role).toBe("admin");
  expect((await transport.call<{ entries: unknown[] }>("history/list")).entries.length).toBe(2);
  hass.bridge.refuse["history/list"] = new ServiceError("not_found", "There is no such recording.");
  await expect(transport.call("history/list")).rejects.toMatchObject({ code: "not_found", message: "There is no such recording." });
  await expect(transport.call("history/list")).rejects.toBeInstanceOf(ServiceError);
  hass.lose();
  hass.tell();
  expect(links).toEqual(["ready", "offline", "ready"]);
  transport.close();
  hass.tell();
  expect(transport.link).toBe("ready"); // the end of the subscription is asked for, and comes a moment later
});

test("the household's language, clock and zone", () => {
  const hass = new FakeHass(new FakeBridge());
  expect(localeOf(hass)).toBe("en-u-hc-h23");
  hass.locale = { language: "de", time_format: "language" };
  expect(localeOf(hass)).toBe("de");
  expect(new HassTransport(hass, "home").timeZone).toBe("Europe/Berlin");
  hass.locale = { language: "de", time_format: "language", time_zone: "local" };
  expect(new HassTransport(hass, "home").timeZone).toBe("");
});

test("the card shows the history, and tells of a deletion as Home Assistant does", async () => {
  const hass = new FakeHass(new FakeBridge(entries(3)));
  const card = await show<HistoryCard>("earshot-history-card", hass, { type: "custom:earshot-history-card", title: "Voice" });
  await expect.element(page.getByText("3 recordings")).toBeVisible();
  let toast = "";
  document.body.addEventListener("hass-notification", (e) => (toast = (e as CustomEvent<{ message: string }>).detail.message), { once: true });
  await page.getByRole("button", { name: /^Delete: / }).first().click();
  await page.getByRole("button", { name: "Delete 1", exact: true }).click();
  await until(() => toast === "1 recording deleted");
  await page.getByRole("button", { name: "Close" }).click();
  await accessible(card);
});

test("it asks by Home Assistant's own dialog where there is one, and shows a receipt that needs attention", async () => {
  const hass = new FakeHass(new FakeBridge(entries(5)));
  const asked: { title: string; text: string; confirmText: string; dismissText: string; destructive: boolean }[] = [];
  const frontend = window as unknown as { loadCardHelpers?: unknown };
  let answers = [false, true];
  frontend.loadCardHelpers = async () => ({
    showConfirmationDialog: async (_: HTMLElement, question: (typeof asked)[0]) => {
      asked.push(question);
      return answers.shift();
    },
  });
  try {
    const card = await show<HistoryCard>("earshot-history-card", hass, { type: "custom:earshot-history-card" });
    await expect.element(page.getByText("5 recordings")).toBeVisible();
    const own = () => card.shadowRoot!.querySelector("earshot-history")!.shadowRoot!.querySelector("earshot-delete-dialog")!.shadowRoot!.querySelector("dialog")!;
    const bin = () => page.getByRole("button", { name: /^Delete: / }).first().click();
    await bin();
    await until(() => asked.length === 1);
    expect(asked[0]).toMatchObject({ title: "Delete 1 recording?", confirmText: "Delete 1", dismissText: "Cancel", destructive: true });
    expect(asked[0]!.text).toMatch(/^1 recording of .*This cannot be undone\. They can no longer be used/);
    await bin();
    await expect.element(page.getByText("4 recordings")).toBeVisible();
    expect(own().open).toBe(false);
    expect(hass.bridge.calls.filter((c) => c.type === "history/delete").length).toBe(1);

    // What was chosen here goes back to the choice on no, and has its receipt shown on yes.
    answers = [false, true];
    await page.getByRole("button", { name: "Delete…" }).first().click();
    await page.getByRole("radio", { name: "All time" }).click();
    await page.getByRole("button", { name: "Delete 4…" }).click();
    await until(() => asked.length === 3 && own().open);
    expect(asked[2]!.dismissText).toBe("Back");
    await page.getByRole("button", { name: "Delete 4…" }).click();
    await expect.element(page.getByRole("heading", { name: "4 recordings deleted" })).toBeVisible();
    await page.getByRole("button", { name: "Close" }).click();
  } finally {
    delete frontend.loadCardHelpers;
  }
});

test("a deletion that fails says so here, when Home Assistant's dialog is gone", async () => {
  const hass = new FakeHass(new FakeBridge(entries(2)));
  const frontend = window as unknown as { loadCardHelpers?: unknown };
  frontend.loadCardHelpers = async () => ({ showConfirmationDialog: async () => true });
  try {
    await show<HistoryCard>("earshot-history-card", hass, { type: "custom:earshot-history-card" });
    await expect.element(page.getByText("2 recordings")).toBeVisible();
    hass.bridge.refuse["history/delete"] = new ServiceError("delete_incomplete", "Part of it could not be done.");
    await page.getByRole("button", { name: /^Delete: / }).first().click();
    await expect.element(page.getByRole("alert")).toHaveTextContent("Part of it could not be done.");
    delete hass.bridge.refuse["history/delete"];
    await page.getByRole("button", { name: "Delete 1", exact: true }).click();
    await expect.element(page.getByRole("heading", { name: "1 recording deleted" })).toBeVisible();
  } finally {
    delete frontend.loadCardHelpers;
  }
});

test("the card ignores what happens elsewhere in Home Assistant, and follows the theme", async () => {
  const hass = new FakeHass(new FakeBridge(entries(3)));
  const card = await show<HistoryCard>("earshot-history-card", hass, { type: "custom:earshot-history-card" });
  await expect.element(page.getByText("3 recordings")).toBeVisible();
  const drawn = vi.spyOn(card as unknown as { render(): unknown }, "render");
  for (let i = 0; i < 20; i++) {
    card.hass = Object.assign(Object.create(Object.getPrototypeOf(hass)), hass) as FakeHass;
    await card.updateComplete;
  }
  expect(drawn).not.toHaveBeenCalled();
  hass.themes = { darkMode: true };
  card.hass = Object.assign(Object.create(Object.getPrototypeOf(hass)), hass) as FakeHass;
  expect(card.style.colorScheme).toBe("dark");
});

test("the small card: the last command, to play, and the way to all", async () => {
  const hass = new FakeHass(new FakeBridge(entries(3, (i) => ({ transcript: `words ${i}` }))));
  const card = await show<HistoryCard>("earshot-history-card", hass, { type: "custom:earshot-history-card", form: "compact" });
  await expect.element(page.getByText("words 0")).toBeVisible();
  await page.getByRole("button", { name: "Play" }).click();
  await expect.element(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect.element(page.getByRole("link", { name: "All recordings" })).toHaveAttribute("href", "/earshot");
  hass.bridge.add(entry({ at: "2026-03-04T11:30:00Z", transcript: "newer words" }));
  await expect.element(page.getByText("newer words")).toBeVisible();
  hass.bridge.add(entry({ at: "2026-03-04T11:40:00Z", outcome: "near_miss", transcript: "" }));
  hass.bridge.add(entry({ at: "2026-03-04T11:50:00Z", transcript: "the newest words" }));
  hass.bridge.add(entry({ at: "2026-03-04T11:55:00Z", outcome: "sample", transcript: "" }));
  await expect.element(page.getByText("the newest words")).toBeVisible();
  hass.bridge.become("offline");
  hass.tell();
  await expect.element(page.getByText("Reconnecting…")).toBeVisible();
  await accessible(card);
});

test("a configuration that is wrong is said so", () => {
  const card = document.createElement("earshot-history-card") as HistoryCard;
  expect(() => card.setConfig({ type: "x", form: "tiny" as never })).toThrow("form: one of full, compact is needed");
  expect(() => card.setConfig({ type: "x", title: 3 as never })).toThrow("title: a text is needed");
  const { customCards } = window as unknown as { customCards: { type: string; getEntitySuggestion(h: unknown, e: string): unknown }[] };
  expect(customCards.map((c) => c.type)).toEqual(["earshot-history-card"]);
  expect(customCards[0]!.getEntitySuggestion(null, "light.kitchen")).toBeNull();
  expect(customCards[0]!.getEntitySuggestion(null, "event.kitchen_wake_word")).toEqual({ config: { type: "custom:earshot-history-card", form: "full" } });
});

test("without a bridge, and for somebody who may not see it", async () => {
  const hass = new FakeHass(new FakeBridge());
  hass.bridges = [];
  await show("earshot-history-card", hass, { type: "custom:earshot-history-card" });
  await expect.element(page.getByText(/^No bridge is set up/)).toBeVisible();
  shown!.remove();
  const other = new FakeHass(new FakeBridge());
  other.role = "none";
  await show("earshot-history-card", other, { type: "custom:earshot-history-card" });
  await expect.element(page.getByText(/^You may not see/)).toBeVisible();
});

test("who may delete and no more is shown what deletes and marks, and nothing that changes the bridge", async () => {
  const hass = new FakeHass(new FakeBridge(entries(3)));
  hass.user.is_admin = false;
  hass.role = "delete";
  const panel = await show<Panel>("earshot-panel", hass);
  await expect.element(page.getByText("3 recordings")).toBeVisible();
  for (const name of ["Play", "Delete…", /^Delete: /]) await expect.element(page.getByRole("button", { name }).first()).toBeVisible();
  await page.getByRole("button", { name: "Details" }).first().click();
  await expect.element(page.getByRole("button", { name: "Keep" })).toBeVisible();
  expect(page.getByRole("button", { name: "Access log" }).elements()).toEqual([]);
  await page.getByRole("button", { name: "Microphones" }).click();
  await until(() => hass.bridge.calls.some((c) => c.type === "satellites/subscribe"));
  hass.bridge.emit("satellites/subscribe", { satellites: hass.bridge.satellites });
  await expect.element(page.getByRole("checkbox", { name: "Okay Nabu" })).toBeDisabled();
  expect(page.getByRole("button", { name: /^(Mute|Test)/ }).elements()).toEqual([]);
  await page.getByRole("button", { name: "Privacy" }).click();
  await expect.element(page.getByRole("radio").first()).toBeDisabled();
  await expect.element(page.getByRole("button", { name: "Download everything" })).toBeVisible();
  hass.role = "listen";
  hass.tell();
  await page.getByRole("button", { name: "History" }).click();
  await expect.element(page.getByRole("button", { name: "Play" }).first()).toBeVisible();
  expect(page.getByRole("button", { name: /^Delete/ }).elements()).toEqual([]);
  await accessible(panel);
});

test("the panel has every part, and the bridges to choose from", async () => {
  const bridge = new FakeBridge(entries(3));
  const text = "This microphone delivers nothing above 4 kHz: wake words will often be missed.";
  const hass = new FakeHass(bridge);
  hass.bridges = [{ id: "home", name: "Home" }, { id: "barn", name: "Barn" }];
  const panel = await show<Panel>("earshot-panel", hass);
  await expect.element(page.getByText("3 recordings")).toBeVisible();
  await page.getByRole("combobox", { name: "Bridge" }).selectOptions("Barn");
  await expect.element(page.getByText("3 recordings")).toBeVisible();
  await page.getByRole("button", { name: "Privacy" }).click();
  await expect.element(page.getByText("Manage how your data is used")).toBeVisible();
  await accessible(panel);
  await page.getByRole("button", { name: "Microphones" }).click();
  await expect.element(page.getByRole("heading", { name: "Microphones" })).toBeVisible();
  await vi.waitUntil(() => bridge.calls.some((c) => c.type === "satellites/subscribe"));
  bridge.emit("satellites/subscribe", { satellites: [{ ...kitchen, microphone: { ...kitchen.microphone, findings: [{ code: "narrow", text }] } }] });
  await expect.element(page.getByText(text)).toBeVisible();
  await accessible(panel);
});
