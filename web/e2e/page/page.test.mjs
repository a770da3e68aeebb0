// The whole page against the real bridge: 10,000 recordings, real audio, a microphone that hears.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, address, ask, count, counted, first, fits, listenToken, open, rows, token, until } from "../house.mjs";

test("a link signs in, and leaves no token behind", async (t) => {
  const page = await open(t);
  await page.addInitScript(() => {
    const look = () => {
      if (document.querySelector("earshot-page")?.shadowRoot?.querySelector("earshot-history")?.shadowRoot?.querySelector(".row")) window.listSeen = performance.now();
      else requestAnimationFrame(look);
    };
    look();
  });
  await first(page).waitFor();
  assert.equal(new URL(page.url()).hash, "");
  assert.deepEqual(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie]), [{}, {}, ""]);
  await page.reload();
  await first(page).waitFor();
  const seen = await page.evaluate(() => window.listSeen);
  t.diagnostic(`the list was there ${Math.round(seen)} ms after the navigation began`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a code from the log signs in", async (t) => {
  const page = await open(t, { secret: "" });
  await page.getByRole("button", { name: "Write a code to the log" }).click();
  const field = page.getByLabel("Code from the log");
  await field.fill("00000000");
  await field.press("Enter");
  await page.getByRole("alert").waitFor();
  await accessible(page, "signing in");
  await field.fill(await ask("code"));
  await field.press("Enter");
  await first(page).waitFor();
});

test("ten thousand recordings scroll, and only what is near exists", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const all = await count(page);
  assert.ok(all >= 10_000, `${all} recordings`);
  await page.evaluate(() => {
    window.gaps = [];
    let last = performance.now();
    const frame = (now) => {
      window.gaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  let most = 0;
  await until(async () => {
    await page.evaluate(() => scrollBy(0, 4000));
    most = Math.max(most, await rows(page).count());
    return (await page.evaluate(() => document.querySelector("earshot-page").shadowRoot.querySelector("earshot-history").store.entries.length)) >= 2000;
  }, "two thousand are fetched");
  assert.ok(most < 200, `${most} rows existed at a time`);
  const gaps = await page.evaluate(() => window.gaps.sort((a, b) => a - b));
  t.diagnostic(`frames while scrolling: median ${gaps[gaps.length >> 1].toFixed(0)} ms, 99 of 100 below ${gaps[Math.floor(gaps.length * 0.99)].toFixed(0)} ms; ${most} rows at most`);
});

test("plays, seeks by keyboard and by pointer", async (t) => {
  const page = await open(t);
  const row = first(page);
  const wave = row.getByRole("slider");
  const at = async () => Number(await wave.getAttribute("aria-valuenow"));
  await row.getByRole("button", { name: "Play" }).click();
  await row.getByRole("button", { name: "Pause" }).waitFor();
  await until(async () => (await at()) > 2, "it plays");
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByRole("button", { name: "Play" }).waitFor();
  await wave.focus();
  await page.keyboard.press("End");
  await until(async () => (await at()) >= 95, "the end");
  await page.keyboard.press("Home");
  await until(async () => (await at()) === 0, "the begin");
  const box = await wave.boundingBox();
  await wave.click({ position: { x: box.width / 2, y: 10 } });
  await until(async () => Math.abs((await at()) - 50) < 3, "the middle");
});

test("filters by words, outcome, days and mark", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const all = await count(page);
  await page.getByRole("searchbox").fill("hallway");
  await until(async () => (await count(page)) < all, "fewer");
  for (const title of await page.locator(".title").allTextContents()) assert.match(title, /hallway/i);
  await page.getByRole("searchbox").fill("");
  await counted(page, all);
  await page.getByRole("button", { name: /^Not intended/ }).click();
  await until(async () => (await count(page)) < all, "fewer");
  assert.equal(await page.locator(".outcome:not(.not_intended)").count(), 0);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await counted(page, all);
  await page.getByLabel("Period").selectOption("Yesterday");
  await page.getByRole("heading", { name: "Yesterday" }).waitFor();
  await until(async () => (await page.locator("section h3").count()) === 1, "one day");
  const yesterday = await count(page);
  await page.getByLabel("Period").selectOption("Choose days…");
  const day = await page.locator("section h3").getAttribute("id");
  await page.getByLabel("From", { exact: true }).fill(day.replace("day-", ""));
  await page.getByLabel("Until", { exact: true }).fill(day.replace("day-", ""));
  await counted(page, yesterday);
  await page.getByLabel("Period").selectOption("All time");
  await page.getByLabel("Mark").selectOption("Kept");
  await page.getByText("No recordings match.").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await counted(page, all);
});

test("what is said appears by itself, and waits while somebody listens", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const all = await count(page);
  await ask("say");
  await page.locator(".title", { hasText: "switch on the aardvark lamp" }).first().waitFor();
  await counted(page, all + 1);
  await page.mouse.wheel(0, 3000);
  const top = await rows(page).first().getAttribute("data-id");
  await ask("say");
  const pill = page.getByRole("button", { name: "1 new" });
  await pill.waitFor();
  assert.ok(await page.evaluate(() => scrollY > 1000), "the list was not moved");
  await pill.click();
  await until(async () => (await first(page).getAttribute("data-id")) !== top, "the new one is at the top");
  await until(() => page.evaluate(() => scrollY < 100), "the top is shown");
});

test("by keyboard only", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  await first(page).focus();
  await page.keyboard.press("ArrowDown");
  const second = rows(page).nth(1);
  await until(() => second.evaluate((e) => e.getRootNode().activeElement === e), "the second row");
  await page.keyboard.press("p");
  await second.getByRole("button", { name: "Pause" }).waitFor();
  await page.keyboard.press("p");
  await page.keyboard.press("Enter");
  await second.getByText("Why it woke").waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Shift+ArrowDown");
  await page.getByText("2 selected").waitFor();
  await page.keyboard.press("Escape");
  await until(async () => (await page.getByText("2 selected").count()) === 0, "nothing is selected");
  const victim = await rows(page).nth(2).getAttribute("data-id");
  await page.keyboard.press("Delete");
  await page.getByRole("heading", { name: "Delete 1 recording?" }).waitFor();
  for (let i = 0; i < 3 && !(await page.getByRole("button", { name: "Delete 1", exact: true }).evaluate((e) => e.getRootNode().activeElement === e)); i++) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "1 recording deleted" }).waitFor();
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator(`[data-id="${victim}"]`).count()) === 0, "the row is gone");
});

test("marks, keeps and downloads", async (t) => {
  const page = await open(t);
  const row = first(page);
  await row.getByRole("button", { name: "Details" }).click();
  await row.getByRole("button", { name: "It woke by mistake" }).click();
  await row.locator(".flag", { hasText: "Mistake" }).waitFor();
  await row.getByRole("button", { name: "Keep" }).click();
  await row.locator(".flag", { hasText: "Kept" }).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), row.getByRole("button", { name: "Download" }).click()]);
  assert.match(download.suggestedFilename(), /\.(flac|wav)$/);
  await row.getByRole("button", { name: "Keep" }).click();
  await row.getByRole("button", { name: "It woke by mistake" }).click();
  await until(async () => (await row.locator(".flag").count()) === 0, "no marks");
});

test("deletes all that match, over several pages; what is deleted is gone in a second page too", async (t) => {
  const page = await open(t);
  const second = await open(t);
  await first(second).waitFor();
  await page.getByRole("searchbox").fill("hallway");
  await until(async () => (await page.locator(".title").allTextContents()).every((x) => /hallway/i.test(x)), "the search");
  const before = await count(second);
  const victims = await count(page);
  assert.ok(victims > 100, `${victims} recordings are several pages`);
  const many = victims.toLocaleString("en-GB");
  await second.getByRole("searchbox").fill("hallway");
  await counted(second, victims);
  const signed = second.waitForResponse((r) => r.url().includes("api/clips/"));
  await first(second).getByRole("button", { name: "Play" }).click();
  const link = (await signed).url();

  await page.getByRole("checkbox").first().check();
  await page.getByRole("button", { name: `Select all ${many} that match` }).click();
  await page.getByText(`${many} selected`).waitFor();
  await page.getByRole("toolbar").getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("heading", { name: `Delete ${many} recordings?` }).waitFor();
  await page.getByText("This cannot be undone.").waitFor();
  await page.getByRole("button", { name: `Delete ${many}`, exact: true }).click();
  await page.getByRole("heading", { name: `${many} recordings deleted` }).waitFor();
  await page.getByText("Receipt").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByText("No recordings match.").waitFor();

  await second.getByText("No recordings match.").waitFor();
  assert.equal((await second.request.get(link)).status(), 410);
  await second.getByRole("button", { name: "Clear filters" }).click();
  await counted(second, before - victims);
});

test("deletes a period, and the access log tells of it", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const before = await count(page);
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.locator("dialog");
  await dialog.getByRole("radio", { name: "Yesterday" }).check();
  await dialog.getByRole("checkbox", { name: "Not intended" }).check();
  await dialog.getByText(/^\d+ recordings from/).waitFor();
  const n = Number((await dialog.getByText(/^\d+ recordings from/).textContent()).split(" ")[0]);
  await dialog.getByRole("button", { name: `Delete ${n}…` }).click();
  await dialog.getByRole("button", { name: `Delete ${n}`, exact: true }).click();
  await dialog.getByText(`${n} recordings deleted`).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await counted(page, before - n);
  await page.getByRole("link", { name: "Access log" }).click();
  await page.getByRole("row", { name: new RegExp(`Deleted ${n}$`) }).waitFor();
});

test("comes back when the bridge does", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  await ask("stop");
  await page.getByText("Reconnecting…").waitFor();
  assert.ok((await rows(page).count()) > 10, "the list stays");
  assert.ok(await page.getByRole("button", { name: "Delete…" }).isDisabled());
  await ask("start");
  // Sessions end with the bridge: whoever has no other way signs in again.
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(`${address}#token=${token}`);
  await first(page).waitFor();
});

test("somebody who may only listen", async (t) => {
  const page = await open(t, { secret: listenToken });
  await first(page).getByRole("button", { name: "Play" }).waitFor();
  for (const name of ["Delete…", /^Delete: /]) assert.equal(await page.getByRole("button", { name }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Access log" }).count(), 0);
  await page.getByRole("link", { name: "Privacy" }).click();
  await page.getByRole("radio", { name: /^Audio and text/ }).first().waitFor();
  assert.ok(await page.getByRole("radio", { name: /^Audio and text/ }).first().isDisabled());
});

test("what is saved is a choice, and its consequence is told", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  await page.getByRole("link", { name: "Privacy" }).click();
  await page.getByRole("radio", { name: /^Nothing/ }).check();
  await page.getByText("Saved", { exact: true }).waitFor({ state: "attached" });
  await page.getByRole("link", { name: "History" }).click();
  await page.getByText("Recordings are not saved.").waitFor();
  await page.getByRole("link", { name: "Privacy" }).click();
  await page.getByRole("radio", { name: /^Audio and text/ }).check();
  await page.getByText("Saved", { exact: true }).waitFor({ state: "attached" });
  await page.reload();
  await until(() => page.getByRole("radio", { name: /^Audio and text/ }).isChecked(), "it is remembered");
});

test("a microphone: level, mute, cutoff, and a test that draws what is heard", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const before = await count(page);
  await page.getByRole("link", { name: "Microphones" }).click();
  const card = page.locator("article", { hasText: "Kitchen" });
  await card.getByText("Listening").waitFor();
  await card.getByRole("meter").waitFor();
  await card.getByRole("button", { name: "Mute" }).click();
  await card.getByText("Muted").waitFor();
  await card.getByRole("button", { name: "Unmute" }).click();
  await card.getByText("Listening").waitFor();

  const slider = card.getByRole("slider", { name: /Okay Nabu/i });
  await slider.focus();
  const old = await slider.getAttribute("aria-valuetext");
  await page.keyboard.press("ArrowLeft");
  await until(async () => (await slider.getAttribute("aria-valuetext")) !== old, "the cutoff is changed");
  await page.keyboard.press("ArrowRight");
  await until(async () => (await slider.getAttribute("aria-valuetext")) === old, "and back");

  await card.getByRole("button", { name: "Test" }).click();
  await card.getByText("Nothing is recorded.").waitFor();
  await ask("play");
  await card.getByText(/^Heard: Okay Nabu, \d+%/i).waitFor();
  await card.getByRole("img", { name: /Scores/ }).waitFor();
  await card.getByRole("button", { name: "Stop" }).click();

  await card.getByRole("button", { name: "Tune by marked recordings" }).click();
  await card.getByText("Recordings are not used to tune wake words").waitFor();
  await page.getByRole("link", { name: "History" }).click();
  await counted(page, before);
});

test("a wake word of the household's own is made from what is said three times", async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  await first(page).waitFor();
  const before = await count(page);
  await page.getByRole("link", { name: "Microphones" }).click();
  const card = page.locator("article", { hasText: "Kitchen" });
  await card.getByText("Listening").waitFor();
  await card.getByRole("button", { name: "Make a wake word" }).click();
  const dialog = page.getByRole("dialog");
  await accessible(page, "the choice of a word");
  await page.keyboard.type("Alexa");
  await page.keyboard.press("Enter");
  for (const n of [1, 2, 3]) {
    await until(() => dialog.getByRole("button", { name: "Record", exact: true }).evaluate((e) => e.getRootNode().activeElement === e), "the button has the focus");
    assert.ok(await dialog.getByRole("button", { name: "Make the word" }).isDisabled());
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Listening: say it now" }).waitFor();
    await ask("alexa");
    await dialog.getByText(`${n} of 9 recordings`).waitFor();
  }
  const [voice, room] = await dialog.getByRole("listitem").last().getByRole("meter").evaluateAll((all) => all.map((m) => m.value));
  assert.ok(voice > room + 10, `the voice at ${voice} dBFS, the room at ${room}`);
  await accessible(page, "recordings");
  await fits(page, "recordings");
  await dialog.getByRole("button", { name: "Make the word" }).click();
  await dialog.getByRole("heading", { name: "“Alexa” was made" }).waitFor({ timeout: 120_000 });
  await dialog.getByText(/\d+% missed in a quiet room, \d+% over noise/).waitFor();
  assert.equal(await dialog.getByLabel("For the configuration").inputValue(), "{model: alexa, engine: own}");
  await dialog.getByRole("button", { name: "Copy" }).click();
  await dialog.getByText("Copied.").waitFor();
  await accessible(page, "a word that was made");
  await fits(page, "a word that was made");
  await dialog.getByRole("button", { name: "Close" }).click();

  await card.getByRole("button", { name: "Make a wake word" }).click();
  await page.keyboard.type("Alexa");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").filter({ hasText: "already" }).waitFor();
  await dialog.getByRole("checkbox", { name: "Replace my word of that name" }).check();
  await dialog.getByRole("button", { name: "Start" }).click();
  await dialog.getByText("0 of 9 recordings").waitFor();
  await page.goBack();
  await counted(page, before); // nothing was kept
  await page.getByRole("link", { name: "Microphones" }).click();
  await card.getByText("Listening").waitFor();
});

test("the code for a program that wants to be paired is shown, until it is used", async (t) => {
  const page = await open(t);
  await first(page).waitFor();
  const post = (path, body) =>
    fetch(`${address}auth/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  assert.equal((await post("pair/request", { name: "Home Assistant" })).status, 204);
  const banner = page.getByText("“Home Assistant” wants to use this bridge.");
  await banner.waitFor();
  const [code] = (await banner.textContent()).match(/\d{8}/);
  const paired = await post("pair", { name: "Home Assistant", code });
  assert.equal(paired.status, 200);
  assert.match((await paired.json()).access_token, /^earshot_/);
  await banner.waitFor({ state: "detached" });
});

test("German, and the household's time", async (t) => {
  const page = await open(t, { locale: "de-AT" });
  await page.getByRole("button", { name: "Löschen…" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de-AT");
  const time = first(page).locator("time");
  const want = new Intl.DateTimeFormat("de-AT", { timeStyle: "short", timeZone: "Europe/Berlin" }).format(new Date(await time.getAttribute("datetime")));
  assert.equal(await time.textContent(), want);
});

for (const width of [360, 768, 1280]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`accessible and in its frame at ${width} px, ${colorScheme}`, async (t) => {
      const page = await open(t, { viewport: { width, height: 800 }, colorScheme });
      await first(page).waitFor();
      await accessible(page, "history");
      await fits(page, "history");
      for (const part of ["Microphones", "Privacy", "Access log"]) {
        await page.getByRole("link", { name: part }).click();
        await page.getByRole("heading", { level: 2 }).filter({ visible: true }).first().waitFor();
        await page.waitForLoadState("networkidle");
        await accessible(page, part);
        await fits(page, part);
      }
    });
  }
}

test("on a phone: filters behind a button, selection without boxes until it is wanted", async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await first(page).waitFor();
  assert.equal(await page.getByLabel("Period").isVisible(), false);
  await page.getByRole("button", { name: "Filter" }).tap();
  await page.getByLabel("Period").waitFor();
  await page.getByRole("button", { name: "Filter" }).tap();
  assert.equal(await page.getByRole("checkbox").first().isVisible(), false);
  await page.getByRole("button", { name: "Select" }).tap();
  await page.getByRole("checkbox").first().tap();
  await page.getByText("1 selected").waitFor();
  await fits(page, "a selection");
  await page.getByRole("button", { name: "End selection" }).tap();
});
