// A person adds the bridge to Home Assistant, and uses the card, the page in the sidebar and the media browser.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { accessible, ask, until } from "../house.mjs";
import { action, allow, command, go, owner, plain, url, version, visit } from "./home.mjs";

const folder = process.env.EARSHOT_SHOTS;
mkdirSync(folder, { recursive: true });
const shot = (page, name) => page.screenshot({ path: `${folder}/hass-${version}-${name}.png` });

const card = (page) => page.locator("earshot-history-card");
const rows = (page) => page.locator("earshot-history .row");
const counted = (page, n) => page.getByText(new RegExp(`^${n} recordings$`)).first().waitFor();
const count = async (page) => Number((await page.getByText(/^\d+ recordings?$/).first().textContent()).split(" ")[0]);

// A deletion is asked for by our dialog, or by Home Assistant's where its frontend has that ready.
const asked = (page, text, options) => page.locator("earshot-delete-dialog, dialog-box").getByText(text, options).filter({ visible: true });
const answer = (page, text) => asked(page, text, { exact: true }).click();

test("it is found, and added by one click and the code that the bridge shows", async (t) => {
  const page = await visit(t, owner, "/config/integrations/dashboard");
  const found = page.locator("ha-config-flow-card", { hasText: "Earshot" });
  await found.waitFor({ timeout: 60_000 });
  await shot(page, "found");
  await found.getByRole("button", { name: /^(Add|Configure)$/ }).first().click();
  const dialog = page.locator("dialog-data-entry-flow");
  const field = dialog.locator("input");
  await until(async () => {
    if (await field.count()) return true;
    const next = dialog.getByRole("button", { name: /^(Submit|Next)$/ });
    if (await next.count()) await next.first().click().catch(() => {});
    return false;
  }, "it asks for the code");
  await until(async () => (await ask("code")) !== "", "the code is in the log");
  await shot(page, "code");
  await field.first().fill("00000000");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await dialog.getByText(/wrong|not right|code/i).first().waitFor();
  await field.first().fill(await ask("code"));
  await dialog.getByRole("button", { name: "Submit" }).click();
  await dialog.getByRole("button", { name: /Finish|Skip/i }).first().waitFor();
  await shot(page, "added");
  await dialog.getByRole("button", { name: /Finish|Skip/i }).first().click();
  const { bridges } = await command(page, { type: "earshot/bridges" });
  assert.equal(bridges.length, 1);
  assert.equal(bridges[0].role, "admin");
  assert.ok(bridges[0].online);
});

test("the card is in the picker, and on a dashboard it plays and deletes", async (t) => {
  const page = await visit(t, owner, "/config/lovelace/dashboards");
  await page.locator("home-assistant").waitFor();
  await until(() => page.evaluate(() => Boolean(document.querySelector("home-assistant")?.hass?.callWS)), "the frontend is there");
  await command(page, { type: "lovelace/dashboards/create", url_path: "earshot-lab", title: "Lab", mode: "storage", show_in_sidebar: true });
  await command(page, {
    type: "lovelace/config/save", url_path: "earshot-lab",
    config: { views: [{ title: "Lab", type: "sections", sections: [{ cards: [
      { type: "custom:earshot-history-card", title: "Voice", form: "full" },
      { type: "custom:earshot-history-card", form: "compact" },
    ] }] }] },
  });
  await page.goto(`${url}/earshot-lab/0`);
  await rows(page).first().waitFor({ timeout: 60_000 });
  assert.ok(await page.evaluate(() => window.customCards.some((c) => c.type === "earshot-history-card")));
  await shot(page, "card");
  const before = await count(page);
  const audio = page.waitForResponse((r) => r.url().includes("/api/earshot/"));
  await rows(page).first().getByRole("button", { name: "Play" }).click();
  const response = await audio;
  assert.ok([200, 206].includes(response.status()), `${response.status()}`);
  await rows(page).first().getByRole("button", { name: "Pause" }).waitFor();
  const link = response.url();

  // What is shown and searched here is looked for in all that Home Assistant keeps, when it is down: e2e/dashboard_test.go.
  await page.getByRole("searchbox").first().fill("hallway");
  await until(async () => (await count(page)) < before, "it searches");
  await rows(page).filter({ hasText: "hallway" }).first().waitFor();
  await page.getByRole("searchbox").first().fill("");
  await counted(page, before);

  await rows(page).first().getByRole("button", { name: /^Delete: / }).click();
  const asks = page.locator("dialog-box");
  await asks.getByText("This cannot be undone.").waitFor();
  await shot(page, "asks");
  await asks.getByText("Delete 1", { exact: true }).click();
  await page.getByText("1 recording deleted").first().waitFor();
  await counted(page, before - 1);
  assert.equal((await page.request.get(link)).status(), 410);

  await page.getByRole("button", { name: "Delete…" }).first().click();
  await page.locator("earshot-delete-dialog").getByRole("checkbox", { name: "Not intended" }).check();
  await page.locator("earshot-delete-dialog").getByRole("radio", { name: "All time" }).check();
  const todo = page.locator("earshot-delete-dialog").getByRole("button", { name: /^Delete \d+…$/ });
  await until(async () => (await todo.count()) === 1 && Number((await todo.textContent()).match(/\d+/)[0]) < before - 1, "the preview");
  await todo.click();
  await asks.getByText(/^\s*Delete \d+\s*$/).click();
  await page.getByRole("heading", { name: /recordings deleted$/ }).waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).first().click();
  assert.equal(await page.locator("earshot-history .outcome.not_intended").count(), 0);
});

test("the card is offered in the picker", async (t) => {
  const page = await visit(t, owner, "/earshot-lab/0?edit=1");
  await page.locator('button.add[aria-label="Add card"]').click({ timeout: 60_000 });
  const picker = page.locator("hui-dialog-create-card");
  const search = picker.locator("input").first();
  // 2026.11 begins with suggestions for entities.
  const byCard = picker.getByText("By card", { exact: true });
  await byCard.or(search).first().waitFor();
  if (await byCard.count()) await byCard.click();
  await search.fill("voice history");
  await picker.getByText("Earshot voice history").first().waitFor();
  await shot(page, "picker");
});

test("the page in the sidebar", async (t) => {
  const page = await visit(t, owner, "/earshot");
  await rows(page).first().waitFor({ timeout: 60_000 });
  await shot(page, "panel");
  await page.getByRole("button", { name: "Microphones" }).click();
  await page.getByRole("heading", { name: "Microphones" }).waitFor();
  await page.getByRole("button", { name: "Privacy" }).click();
  await page.getByRole("heading", { name: "Manage how your data is used" }).waitFor();
  await shot(page, "panel-privacy");
});

test("the page in the sidebar deletes a period, and asks by Home Assistant's dialog once a dashboard was opened", async (t) => {
  const page = await visit(t, owner, "/earshot");
  await rows(page).first().waitFor({ timeout: 60_000 });
  const before = await count(page);
  const dialog = page.locator("earshot-delete-dialog");
  const choose = async () => {
    await page.getByRole("button", { name: "Delete…" }).click();
    await dialog.getByRole("radio", { name: "Last 30 days" }).check();
    await dialog.getByRole("checkbox", { name: "Failed" }).check();
    await dialog.getByText(/^\d+ recordings? (from|of)/).waitFor();
    return Number((await dialog.getByText(/^\d+ recordings? (from|of)/).textContent()).split(" ")[0]);
  };
  const n = await choose();
  assert.ok(n > 0 && n < before, `${n} of ${before}`);
  await dialog.getByRole("button", { name: `Delete ${n}…` }).click();
  await answer(page, "Back");
  await dialog.getByRole("button", { name: `Delete ${n}…` }).click();
  await asked(page, "This cannot be undone.").waitFor();
  t.diagnostic(`asked by Home Assistant's dialog: ${(await page.locator("dialog-box").count()) > 0}`);
  await shot(page, "panel-asks");
  await answer(page, `Delete ${n}`);
  await dialog.getByText(/recordings? deleted$/).waitFor();
  await dialog.getByText("Receipt").waitFor();
  await shot(page, "panel-receipt");
  await dialog.getByRole("button", { name: "Close" }).click();
  await counted(page, before - n);

  await go(page, "/earshot-lab/0");
  await card(page).first().waitFor();
  await go(page, "/earshot");
  await rows(page).first().waitFor();
  const asks = page.locator("dialog-box");
  const remove = rows(page).first().getByRole("button", { name: /^Delete: / });
  await remove.click();
  await asks.getByText("This cannot be undone.").waitFor();
  await asks.getByText("Cancel", { exact: true }).click();
  await asks.getByText("This cannot be undone.").waitFor({ state: "hidden" });
  await remove.click();
  await asks.getByText("Delete 1", { exact: true }).click();
  await counted(page, before - n - 1);
});

test("an action deletes and answers", async (t) => {
  const page = await visit(t, owner, "/earshot");
  await rows(page).first().waitFor({ timeout: 60_000 });
  const before = await count(page);
  const list = await action(page, "earshot", "list_recordings", { period: "all", limit: 5 });
  assert.equal(list.recordings.length, 5);
  const receipt = await action(page, "earshot", "delete_recordings", { ids: list.recordings.map((e) => e.id) });
  assert.equal(receipt.deleted, 5);
  await counted(page, before - 5);
});

test("somebody else sees nothing by default, and is refused by the server too", async (t) => {
  const page = await visit(t, plain, "/earshot-lab/0");
  await card(page).first().getByText("You may not see the voice history.").waitFor({ timeout: 60_000 });
  const { bridges } = await command(page, { type: "earshot/bridges" });
  for (const bridge of bridges.length ? bridges : [{ id: "earshot" }]) {
    await assert.rejects(command(page, { type: "earshot/call", bridge: bridge.id, command: "history/list", fields: {} }));
  }
  await assert.rejects(action(page, "earshot", "list_recordings", { period: "all" }));
});

test("somebody else who may delete is shown what deletes, and nothing more", async (t) => {
  await allow("administrators", "everyone");
  t.after(() => allow("administrators", "administrators"));
  const page = await visit(t, plain, "/earshot-lab/0");
  await rows(page).first().waitFor({ timeout: 60_000 });
  const before = await count(page);
  const { bridges: [bridge] } = await command(page, { type: "earshot/bridges" });
  assert.equal(bridge.role, "delete");
  await rows(page).first().getByRole("button", { name: "Play" }).click();
  await rows(page).first().getByRole("button", { name: "Pause" }).waitFor();
  await rows(page).first().getByRole("button", { name: /^Delete: / }).click();
  await page.locator("dialog-box").getByText("Delete 1", { exact: true }).click();
  await counted(page, before - 1);

  await page.goto(`${url}/earshot`);
  await rows(page).first().waitFor({ timeout: 60_000 });
  assert.equal(await page.getByRole("button", { name: "Access log" }).count(), 0);
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.locator("earshot-delete-dialog");
  await dialog.getByRole("radio", { name: "Last hour" }).check();
  await dialog.getByText(/^\d+ recordings? (from|of)/).waitFor();
  const n = Number((await dialog.getByText(/^\d+ recordings? (from|of)/).textContent()).split(" ")[0]);
  assert.ok(n > 0 && n < before - 1, `${n} of ${before - 1}`);
  await dialog.getByRole("button", { name: `Delete ${n}…` }).click();
  await answer(page, `Delete ${n}`);
  await dialog.getByText(/recordings? deleted$/).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await counted(page, before - 1 - n);
  await shot(page, "panel-may-delete");
  await page.getByRole("button", { name: "Microphones" }).click();
  await page.getByText("Kitchen").first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Mute" }).count(), 0);
  await page.getByRole("button", { name: "Privacy" }).click();
  await page.getByRole("radio", { name: /^Audio and text/ }).first().waitFor();
  assert.ok(await page.getByRole("radio", { name: /^Audio and text/ }).first().isDisabled());
  const call = (name, fields) => command(page, { type: "earshot/call", bridge: bridge.id, command: name, fields });
  for (const [name, fields] of [["settings/update", { save: "nothing" }], ["access_log/list", {}], ["history/delete_range", { period: "all", confirm: true }]]) {
    await assert.rejects(call(name, fields), name);
  }

  const admin = await visit(t, owner, "/earshot");
  await admin.getByRole("button", { name: "Access log" }).click({ timeout: 60_000 });
  await admin.getByRole("row", { name: new RegExp(`plain, by Home Assistant.*Deleted ${n}$`) }).waitFor();
});

test("somebody else who may only listen is shown nothing that deletes, and is refused", async (t) => {
  await allow("everyone", "administrators");
  t.after(() => allow("administrators", "administrators"));
  const page = await visit(t, plain, "/earshot");
  await rows(page).first().getByRole("button", { name: "Play" }).waitFor({ timeout: 60_000 });
  for (const name of ["Delete…", /^Delete: /, "Access log"]) assert.equal(await page.getByRole("button", { name }).count(), 0);
  assert.equal(await rows(page).getByRole("checkbox").count(), 0);
  const { bridges: [bridge] } = await command(page, { type: "earshot/bridges" });
  assert.equal(bridge.role, "listen");
  for (const [name, fields] of [["history/delete_preview", { period: "all" }], ["history/update", { match: {}, kept: true }]]) {
    await assert.rejects(command(page, { type: "earshot/call", bridge: bridge.id, command: name, fields }), name);
  }
  await assert.rejects(action(page, "earshot", "delete_range", { period: "all", confirm: true }));
});

test("the media browser has the recordings, and they play", async (t) => {
  const page = await visit(t, owner, "/earshot");
  await rows(page).first().waitFor({ timeout: 60_000 });
  const browse = (id) => command(page, { type: "media_source/browse_media", media_content_id: id });
  let node = await browse("media-source://earshot");
  for (let depth = 0; depth < 6 && !node.children.every((c) => c.can_play); depth++) node = await browse(node.children[0].media_content_id);
  const resolved = await command(page, { type: "media_source/resolve_media", media_content_id: node.children[0].media_content_id });
  const answer = await page.request.get(new URL(resolved.url, url).href);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()["content-type"], /^audio\//);
});

test("the bridge goes and comes back", async (t) => {
  const page = await visit(t, owner, "/earshot-lab/0");
  await rows(page).first().waitFor({ timeout: 60_000 });
  await ask("stop");
  await page.getByText("Reconnecting…").first().waitFor({ timeout: 60_000 });
  assert.ok((await rows(page).count()) > 0, "the list stays");
  await ask("start");
  await until(async () => (await page.getByText("Reconnecting…").count()) === 0, "it is back");
  await accessible(page, "the card", "earshot-history-card"); // the rest of the page is not ours to judge
});
