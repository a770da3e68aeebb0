// A browser in front of the real Home Assistant, signed in as one of its users.
import assert from "node:assert/strict";
import { browserFor } from "../house.mjs";

const { HASS_URL: url, HASS_TOKEN: ownerToken, HASS_PLAIN_TOKEN: plainToken, HASS_VERSION: version } = process.env;
export { url, version };

export const owner = { token: ownerToken };
export const plain = { token: plainToken };

/** A page of Home Assistant. */
export async function visit(t, user, path, options = {}) {
  const { page } = await browserFor(t, { serviceWorkers: "block", locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  // As its own sign-in leaves it. ref: home-assistant-js-websocket, lib/auth.ts
  const tokens = {
    hassUrl: url, clientId: null, access_token: user.token, token_type: "Bearer", refresh_token: "", expires_in: 1e8, expires: Date.now() + 1e11,
  };
  await page.addInitScript((text) => localStorage.setItem("hassTokens", text), JSON.stringify(tokens));
  // 2026.11 asks whether the port that configuration.yaml names is the right one.
  const asks = page.locator("dialog-http-pending-config");
  await page.addLocatorHandler(asks.getByText("Confirm new HTTP server configuration"), () => asks.getByText("Confirm", { exact: true }).click());
  await page.goto(url + path);
  return page;
}

/** Carries a command of Home Assistant's WebSocket out, as the user of a page. */
export function command(page, message) {
  return page.evaluate((m) => document.querySelector("home-assistant").hass.callWS(m), message);
}

/** Calls an action and returns what it answers. */
export function action(page, domain, service, data) {
  return page.evaluate(
    async ([d, s, fields]) => (await document.querySelector("home-assistant").hass.callService(d, s, fields, undefined, false, true)).response,
    [domain, service, data],
  );
}

/** Goes to another page of Home Assistant as its links do, without loading all anew. */
export function go(page, path) {
  return page.evaluate((p) => {
    history.pushState(null, "", p);
    dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
  }, path);
}

/** Sets the options of the bridge's entry: who may listen, and who may delete. */
export async function allow(listen, remove) {
  const rest = async (path, body) => {
    const answer = await fetch(`${url}/api/config/config_entries/${path}`, {
      method: body ? "POST" : "GET", headers: { Authorization: `Bearer ${owner.token}`, "Content-Type": "application/json" }, body: body && JSON.stringify(body),
    });
    assert.equal(answer.status, 200, path);
    return answer.json();
  };
  const [entry] = await rest("entry?domain=earshot");
  const { flow_id } = await rest("options/flow", { handler: entry.entry_id });
  assert.equal((await rest(`options/flow/${flow_id}`, { listen, delete: remove, sidebar: true })).type, "create_entry");
}
