import { page, userEvent } from "@vitest/browser/context";
import axe from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { de } from "../src/core/de";
import { ServiceError } from "../src/core/transport";
import { Words } from "../src/core/words";
import "../src/ui/microphones";
import type { Microphones } from "../src/ui/microphones";
import { FakeBridge, kitchen } from "./fake";

const refusal = (sentence: string) => new ServiceError("not_allowed", sentence);

/** A bridge that makes wake words: what people say, and what comes of it, is what a test wants. */
class Listening extends FakeBridge {
  /** Enrolments that are open. */
  open = 0;
  /** Answers the command that is waited for. */
  settle?: { type: string; with(answer: object): void; refuse(error: ServiceError): void };
  #waiting = ["wake_words/record", "wake_words/finish"];

  override async call<T>(type: string, fields: object = {}): Promise<T> {
    const answer = super.call<T>(type, fields);
    if (!this.#waiting.includes(type)) return answer;
    return new Promise((resolve, reject) => (this.settle = { type, with: (x) => resolve(x as T), refuse: reject }));
  }

  override async subscribe<E, A = unknown>(type: string, fields: object, event: (event: E) => void, begun?: (answer: A) => void): Promise<() => void> {
    const end = await super.subscribe(type, fields, event);
    if (this.refuse[type]) throw this.refuse[type];
    if (type !== "wake_words/enroll") return end;
    this.open++;
    begun?.({ enrolment: "e1", wake_word: "computer", least: 3, good: 9 } as A);
    return () => {
      end();
      this.open--;
    };
  }
}

let bridge: Listening;
let element: Microphones;

beforeEach(async () => {
  document.documentElement.style.colorScheme = "light";
  await page.viewport(1024, 768);
});

afterEach(() => element.remove());

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 5000 });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const dialog = () => element.renderRoot.querySelector("earshot-enroll")!.shadowRoot!.querySelector("dialog")!;
const focused = () => dialog().getRootNode() instanceof ShadowRoot ? (dialog().getRootNode() as ShadowRoot).activeElement : null;
const calls = (type: string) => bridge.calls.filter((c) => c.type === type).map((c) => c.fields);

async function show(words = new Words("en")): Promise<void> {
  bridge = new Listening();
  element = document.createElement("earshot-microphones") as Microphones;
  element.transport = bridge;
  element.words = words;
  element.enroll = () => import("../src/ui/enroll");
  document.body.append(element);
  await until(() => calls("satellites/subscribe").length > 0);
  await new Promise((next) => queueMicrotask(() => next(undefined)));
  bridge.emit("satellites/subscribe", { satellites: [kitchen], levels: { kitchen: -33 } });
}

/** Begins a word by keyboard. */
async function begin(word = "Computer"): Promise<void> {
  await button("Make a wake word").click();
  await expect.element(page.getByRole("heading", { name: "A wake word of your own" })).toHaveTextContent("A wake word");
  await until(() => focused()?.id === "word");
  await userEvent.keyboard(`${word}{Enter}`);
}

/** Records once, by keyboard. */
async function record(part: object = {}): Promise<void> {
  const n = calls("wake_words/record").length;
  await until(() => focused()?.id === "record");
  await userEvent.keyboard("{Enter}");
  await until(() => calls("wake_words/record").length === n + 1);
  await expect.element(button("Listening: say it now")).toBeVisible();
  bridge.settle!.with({ number: items().length + 1, seconds: 1.2, level_dbfs: -21.4, noise_dbfs: -55.2, clipped: false, ...part });
  await expect.element(button("Record")).toBeVisible();
}

const items = () => [...dialog().querySelectorAll("li")];

async function accessible(): Promise<void> {
  const { violations } = await axe.run(element, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

const result = {
  wake_word: "computer", threshold: 0.4, samples: 3, false_accepts: 0.5, missed_quiet: 0.05, missed_noise: 0.18, unlike: [], kept: 0,
  sentence: "To use it, write {model: computer, engine: own}.",
};

test("a word is made by keyboard: told from where to speak, with what was heard, and what to expect", async () => {
  await show();
  await begin("  Computer ");
  await expect.element(page.getByText("Say only “Computer” each time")).toBeVisible();
  expect(calls("wake_words/enroll")).toEqual([{ satellite: "kitchen", phrase: "Computer", replace: false }]);
  await expect.element(page.getByRole("dialog").getByText("-33 dBFS")).toBeVisible();
  for (const way of ["From about a metre:", "From where you usually are:", "From across the room, or with the radio on:"]) {
    await expect.element(page.getByText(way)).toBeVisible();
    for (let i = 0; i < 3; i++) {
      if (items().length < 3) await expect.element(button("Make the word")).toBeDisabled();
      await record();
    }
  }
  await expect.element(page.getByText("9 of 9 recordings")).toBeVisible();
  await expect.element(page.getByText("That is enough")).toBeVisible();
  expect(items()[8]!.querySelector("meter")!.value).toBe(-21.4);
  await page.getByRole("checkbox", { name: "Keep the recordings in the history" }).click();
  await button("Make the word").click();
  await expect.element(page.getByRole("progressbar", { name: "The word is being made" })).toBeVisible();
  await expect.element(button("Cancel")).toBeDisabled();
  await userEvent.keyboard("{Escape}");
  expect(dialog().open).toBe(true);
  expect(calls("wake_words/finish")).toEqual([{ enrolment: "e1", keep: true }]);
  bridge.settle!.with({ ...result, kept: 9 });
  await expect.element(page.getByRole("heading", { name: "“Computer” was made" })).toBeVisible();
  await expect.element(page.getByText("5% missed in a quiet room, 18% over noise 10 dB below the voice; at most 0.5 false triggers")).toBeVisible();
  await expect.element(page.getByText("9 recordings are in the history.")).toBeVisible();
  await expect.element(page.getByText("To use it, write {model: computer, engine: own}.")).toBeVisible();
  await expect.element(page.getByLabelText("For the configuration")).toHaveValue("{model: computer, engine: own}");
  await button("Copy").click();
  await expect.element(page.getByText("Copied.")).toBeVisible();
  expect(bridge.open).toBe(0);
  await button("Close").click();
  expect(dialog().open).toBe(false);
  await expect.element(page.getByText("The word was not made")).not.toBeInTheDocument();
});

test("what is of no use is said again, what was too loud is told, and the newest is taken back", async () => {
  await show();
  await begin();
  await until(() => focused()?.id === "record");
  await userEvent.keyboard(" ");
  await until(() => bridge.settle !== undefined);
  await userEvent.keyboard(" "); // it listens already
  bridge.settle!.refuse(refusal("Nobody has said anything."));
  await expect.element(page.getByRole("alert")).toHaveTextContent("Nobody has said anything.");
  expect(calls("wake_words/record")).toEqual([{ enrolment: "e1" }]);
  await expect.element(button("Take back the newest")).toBeDisabled();
  await record();
  await record({ clipped: true, level_dbfs: 0 });
  await expect.element(page.getByRole("alert")).not.toBeInTheDocument();
  await expect.element(page.getByText("Too loud for the microphone")).toBeVisible();
  vi.spyOn(bridge, "call").mockResolvedValueOnce({ samples: 1 });
  await button("Take back the newest").click();
  await expect.element(page.getByText("1 of 9 recordings")).toBeVisible();
  expect(items().length).toBe(1);
  await expect.element(page.getByText("Too loud for the microphone")).not.toBeInTheDocument();
  for (let i = 0; i < 2; i++) await record();
  await button("Make the word").click();
  bridge.settle!.refuse(refusal("The disk is full."));
  await expect.element(page.getByRole("alert")).toHaveTextContent("The disk is full.");
  expect(bridge.open).toBe(1);
  await expect.element(button("Make the word")).toBeEnabled();
});

test("a word that is there already is replaced when that is ticked, and made again when recordings are unlike the others", async () => {
  await show();
  bridge.refuse["wake_words/enroll"] = refusal("There is a wake word computer of your own already.");
  await begin();
  await expect.element(page.getByRole("alert")).toHaveTextContent("There is a wake word computer");
  bridge.refuse = {};
  await page.getByRole("checkbox", { name: "Replace my word of that name" }).click();
  await button("Start").click();
  for (let i = 0; i < 4; i++) await record();
  expect(calls("wake_words/enroll").at(-1)).toEqual({ satellite: "kitchen", phrase: "Computer", replace: true });
  await button("Make the word").click();
  bridge.settle!.with({ ...result, unlike: [1, 3] });
  await expect.element(page.getByText("Recordings 1 and 3 do not sound like the others.")).toBeVisible();
  await button("Make it again").click();
  await expect.element(page.getByRole("checkbox", { name: "Replace my word of that name" })).toBeChecked();
  await expect.element(page.getByLabelText("Word", { exact: true })).toHaveValue("Computer");
  await button("Start").click();
  await expect.element(page.getByText("0 of 9 recordings")).toBeVisible();
  expect(bridge.open).toBe(1);
});

test("closing it, leaving, and losing the connection make the bridge forget, and are told", async () => {
  await show();
  await begin();
  await record();
  await userEvent.keyboard("{Escape}");
  await expect.element(page.getByText("The word was not made, and what was said is forgotten.")).toBeVisible();
  expect(bridge.open).toBe(0);

  await begin();
  await until(() => focused()?.id === "record");
  await userEvent.keyboard("{Enter}");
  await until(() => calls("wake_words/record").length === 2);
  const late = bridge.settle!;
  bridge.become("offline");
  await expect.element(page.getByRole("alert")).toHaveTextContent("The connection to Earshot was lost, and what was said is forgotten. Begin again.");
  late.refuse(new ServiceError("offline", ""));
  bridge.become("ready");
  await button("Start").click();
  await expect.element(page.getByText("0 of 9 recordings")).toBeVisible();
  for (let i = 0; i < 3; i++) await record();
  await button("Make the word").click();
  await until(() => calls("wake_words/finish").length === 1);
  bridge.become("offline");
  await expect.element(page.getByRole("alert")).toHaveTextContent("The word may have been made all the same");
  bridge.become("ready");

  bridge.open = 0;
  await button("Start").click();
  await record();
  expect(bridge.open).toBe(1);
  const leaving = new Event("beforeunload", { cancelable: true });
  dispatchEvent(leaving);
  expect(leaving.defaultPrevented).toBe(true);
  element.remove();
  expect(bridge.open).toBe(0);
  const left = new Event("beforeunload", { cancelable: true });
  dispatchEvent(left);
  expect(left.defaultPrevented).toBe(false);
});

test("a word that the bridge knows no more is begun again", async () => {
  await show();
  await begin();
  await until(() => focused()?.id === "record");
  await userEvent.keyboard("{Enter}");
  await until(() => bridge.settle !== undefined);
  bridge.settle!.refuse(new ServiceError("not_found", "That wake word is not being made any more; begin again."));
  await expect.element(page.getByRole("alert")).toHaveTextContent("not being made any more");
  await expect.element(page.getByLabelText("Word", { exact: true })).toHaveValue("Computer");
});

test("only who may change the bridge makes words, and only where the transport can", async () => {
  await show();
  await expect.element(button("Make a wake word")).toBeVisible();
  bridge.role = "delete";
  bridge.become("ready");
  await expect.element(button("Make a wake word")).not.toBeInTheDocument();
  bridge.role = "admin";
  element.enroll = undefined; // as in Home Assistant
  await expect.element(button("Test")).toBeVisible();
  await expect.element(button("Make a wake word")).not.toBeInTheDocument();
  element.enroll = () => Promise.reject(new TypeError("Failed to fetch"));
  await button("Make a wake word").click();
  await expect.element(page.getByRole("alert")).toBeVisible();
});

for (const scheme of ["light", "dark"]) {
  test(`accessible and in its frame on a phone, in German, ${scheme}`, async () => {
    document.documentElement.style.colorScheme = scheme;
    document.body.style.background = "light-dark(#fff, #1b1f25)"; // as the page's own
    await page.viewport(360, 640);
    await show(new Words("de", de));
    await button("Aktivierungswort machen").click();
    await until(() => focused()?.id === "word");
    await accessible();
    const fits = () => expect(dialog().scrollWidth).toBeLessThanOrEqual(dialog().clientWidth);
    fits();
    await userEvent.keyboard("Rechenmaschine{Enter}");
    for (let i = 1; i <= 3; i++) {
      await until(() => focused()?.id === "record");
      await button("Aufnehmen").click();
      await expect.element(button("Ich höre: Sag es jetzt")).toBeVisible();
      if (i === 1) await accessible();
      bridge.settle!.with({ number: i, seconds: 1, level_dbfs: -20, noise_dbfs: -60, clipped: i === 2 });
      await until(() => items().length === i);
    }
    await accessible();
    fits();
    await button("Das Wort machen").click();
    await expect.element(page.getByRole("progressbar", { name: "Das Wort wird gemacht" })).toBeVisible();
    await accessible();
    bridge.settle!.with({ ...result, unlike: [2] });
    await expect.element(page.getByText("Aufnahme 2 klingt nicht wie die anderen.")).toBeVisible();
    await accessible();
    fits();
  });
}
