// A browser in front of the real bridge. e2e/page_test.go of the Go part starts both, and says in the environment where they are.
import assert from "node:assert/strict";
import { after } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright";

const { EARSHOT_PAGE: address, EARSHOT_TOKEN: token, EARSHOT_LISTEN_TOKEN: listenToken, EARSHOT_CONTROL: control } = process.env;
export { address, token, listenToken };

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});
after(() => browser.close());

/** Asks the test that started the bridge for something: say, stop, start or code. */
export async function ask(what) {
  const answer = await fetch(`${control}/${what}`, { method: "POST" });
  assert.equal(answer.status, 200, `${what}: ${await answer.clone().text()}`);
  return answer.text();
}

/** A page of a browser context of its own, and what its console complains of. */
export async function browserFor(t, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const complaints = [];
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(String(e)));
  return { page, complaints };
}

/** The bridge's page, signed in unless secret is empty. It must leave the console clean. */
export async function open(t, { secret = token, ...options } = {}) {
  const { page, complaints } = await browserFor(t, { locale: "en-GB", timezoneId: "America/New_York", viewport: { width: 1280, height: 900 }, ...options });
  t.after(() => {
    // A bridge that is away, and a recording that is gone, are in the console of every browser.
    const own = complaints.filter((c) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection|status of (403|404|410)/.test(c));
    assert.deepEqual(own, [], "the console");
  });
  await page.goto(`${address}${secret ? `#token=${secret}` : ""}`);
  return page;
}

export const rows = (page) => page.locator(".row");
export const first = (page) => rows(page).first();

/** Waits until the list says how many there are. */
export async function counted(page, n) {
  await page.getByText(new RegExp(`^${n.toLocaleString("en-GB")} recordings?$`)).first().waitFor();
}

/** How many there are, as the page says. */
export async function count(page) {
  const text = await page.getByText(/^[\d,]+ recordings?$/).first().textContent();
  return Number(text.replace(/\D/g, ""));
}

/** Holds a page, or an element of it, against the rules of accessibility. */
export async function accessible(page, what, element = "") {
  await page.evaluate(`${axe.source}; undefined`);
  const where = element ? await page.locator(element).first().elementHandle() : null;
  const found = await page.evaluate(async (within) => {
    const { violations } = await window.axe.run(within ?? document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", ...(within ? [] : ["best-practice"])] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  }, where);
  assert.deepEqual(found, [], what);
}

/** Whether nothing sticks out to the side. */
export async function fits(page, what) {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= seen, `${what}: ${wide} px in ${seen}`);
}

/** Waits until a condition holds, with the patience that a busy machine needs. */
export async function until(condition, what) {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `not within a minute: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
