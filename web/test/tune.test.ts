import { afterEach, expect, test } from "vitest";
import { page } from "@vitest/browser/context";
import { ServiceError, type Transport } from "../src/core/transport";
import { Words } from "../src/core/words";
import { de } from "../src/core/de";
import { Tune } from "../src/ui/tune";

const curve = (current: number) => ({
  current,
  curve: [
    { cutoff: 0.1, mistakes_left: 5, correct_left: 31 },
    { cutoff: 0.35, mistakes_left: 1, correct_left: 30 },
  ],
});

/** An element before a bridge that answers as it is told, and what the bridge was asked. */
function tune(answer: (type: string) => object, words = new Words("en")) {
  const asked: [string, object][] = [];
  const element = new Tune();
  element.transport = {
    call: async (type: string, fields: object) => {
      asked.push([type, fields]);
      return answer(type);
    },
  } as unknown as Transport;
  Object.assign(element, { words, satellite: "kitchen", word: "alexa" });
  document.body.append(element);
  return asked;
}

afterEach(() => document.body.replaceChildren());

test("shows what another cutoff would have done, and sets it", async () => {
  const asked = tune(() => ({
    threshold: curve(0.2), second_threshold: curve(0.1), recommended: { field: "second_threshold", cutoff: 0.35 }, sentence: "With 0.35 it would be better.",
  }));
  await page.getByRole("button", { name: "Tune by marked recordings" }).click();
  await expect.element(page.getByText("With 0.35 it would be better.")).toBeVisible();
  await page.getByText("What each cutoff would have done").click();
  await expect.element(page.getByRole("row", { name: "0.10 now 5 31" })).toBeVisible();
  await expect.element(page.getByRole("row", { name: "0.35 recommended 1 30" })).toBeVisible();
  await page.getByRole("button", { name: "Set 0.35" }).click();
  await expect.element(page.getByText("Set.", { exact: true })).toBeVisible();
  expect(document.querySelector("earshot-tune")!.shadowRoot!.querySelector("table")).toBe(null);
  const word = { satellite: "kitchen", wake_word: "alexa" };
  expect(asked).toEqual([["wake_words/tune", word], ["wake_words/update", { ...word, second_threshold: 0.35 }]]);
});

test("says why not, in German", async () => {
  let known = false;
  tune(() => {
    if (!known) throw new ServiceError("not_allowed", "Es ist ausgeschaltet.");
    return { threshold: curve(0.1), second_threshold: null, recommended: null, sentence: "That is too little." };
  }, new Words("de", de));
  const button = page.getByRole("button", { name: "An markierten Aufnahmen einstellen" });
  await button.click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("Es ist ausgeschaltet.");
  known = true;
  await button.click();
  await expect.element(page.getByText("That is too little.")).toBeVisible();
  await page.getByText("Was jede Schwelle bewirkt hätte").click();
  await expect.element(page.getByRole("row", { name: "0,10 jetzt 5 31" })).toBeVisible();
  expect(document.querySelector("earshot-tune")!.shadowRoot!.querySelectorAll("button").length).toBe(1);
});
