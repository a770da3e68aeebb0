import { expect, test } from "vitest";
import { en } from "../src/core/en";
import { de } from "../src/core/de";
import { bytes, Clock, duration, percent, wakeWord } from "../src/core/format";
import { Words, type Text } from "../src/core/words";
import * as enroll from "../src/ui/enroll-words";
import * as wake from "../src/ui/wake-words";

const german = new Words("de", de);
const english = new Words("en-GB");

const forms = (text: Text) => (typeof text === "string" ? [text] : [text.one, text.other]);
const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("every language has the same texts, with the same values", () => {
  for (const [english, german] of [[en, de], [wake.en, wake.de], [enroll.en, enroll.de]] as Record<string, Text>[][]) {
    expect(Object.keys(german!).sort()).toEqual(Object.keys(english!).sort());
    for (const [key, text] of Object.entries(english!)) {
      const all = (text: Text) => new Set(forms(text).flatMap(values));
      expect(all(german![key]!), key).toEqual(all(text));
    }
  }
  expect(wake.wakeWords(new Words("de-AT", de)).t("tune_set", { cutoff: "0,3" })).toBe("Auf 0,3 setzen");
  expect(wake.wakeWords(english).t("now")).toBe("now");
});

test("the number chooses the form", () => {
  expect(english.t("list.count", { n: 1 })).toBe("1 recording");
  expect(english.t("list.count", { n: 0 })).toBe("0 recordings");
  expect(english.t("list.count", { n: 12_345 })).toBe("12,345 recordings");
  expect(german.t("list.count", { n: 12_345 })).toBe("12.345 Aufnahmen");
  expect(german.t("delete.question", { n: 1 })).toBe("1 Aufnahme löschen?");
});

test("a value that looks like a placeholder stays as it is", () => {
  expect(english.t("row.said", { text: "{text} $& {n}" })).toBe("“{text} $& {n}”");
});

test("the best language there is", async () => {
  expect((await Words.load(["fr", "de-AT", "en"])).locale).toBe("de-AT");
  expect((await Words.load(["fr"])).locale).toBe("en");
  expect((await Words.load(["en-GB", "de"])).locale).toBe("en-GB");
});

test("lengths, sizes and shares", () => {
  expect(duration(english, 900)).toBe("0.9\u00a0s");
  expect(duration(english, 84_000)).toBe("1\u00a0min 24\u00a0s");
  expect(duration(german, 3_725_000)).toBe("1\u00a0h 2\u00a0min");
  expect(bytes(english, 75_400)).toBe("76\u00a0kB");
  expect(bytes(german, 2_600_000)).toBe("2,6\u00a0MB");
  expect(percent(german, 0.917)).toBe("92\u00a0%");
  expect(wakeWord("hey_jarvis")).toBe("Hey Jarvis");
});

test("days are the household's", () => {
  const clock = new Clock(english, "Pacific/Auckland");
  expect(clock.day("2026-03-04T11:00:00Z")).toBe("2026-03-05");
  expect(clock.dayName("2026-03-05", new Date("2026-03-04T12:00:00Z"))).toBe("Today");
  expect(clock.dayName("2026-03-04", new Date("2026-03-04T12:00:00Z"))).toBe("Yesterday");
  expect(clock.dayName("2025-12-31", new Date("2026-03-04T12:00:00Z"))).toBe("Wednesday, 31 December 2025");
});

test("midnights, also where the clock is put forward or back", () => {
  const berlin = new Clock(english, "Europe/Berlin");
  expect(berlin.midnight("2026-03-29")).toBe("2026-03-28T23:00:00.000Z");
  expect(berlin.midnight("2026-03-29", true)).toBe("2026-03-29T22:00:00.000Z");
  expect(berlin.midnight("2026-10-25", true)).toBe("2026-10-25T23:00:00.000Z");
  // Where the day begins at one o'clock, since midnight is skipped.
  expect(new Clock(english, "Africa/Cairo").midnight("2026-04-24")).toBe("2026-04-23T22:00:00.000Z");
  expect(new Clock(english, "no such zone").time("2026-03-04T11:00:00Z")).not.toBe("");
});
