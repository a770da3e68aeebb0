// A browser in front of the real Home Assistant, signed in as one of its users.
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
