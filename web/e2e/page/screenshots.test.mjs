// Pictures of the main states, for people to look at. EARSHOT_SHOTS says where they go.
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { first, open, rows } from "../house.mjs";

const folder = process.env.EARSHOT_SHOTS;
mkdirSync(folder, { recursive: true });

const looks = [
  ["desktop-light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
  ["desktop-dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
  ["phone-light", { viewport: { width: 360, height: 740 }, colorScheme: "light", deviceScaleFactor: 2, hasTouch: true }],
  ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", deviceScaleFactor: 2, hasTouch: true }],
];

for (const [look, options] of looks) {
  test(look, async (t) => {
    const shot = (name) => page.screenshot({ path: `${folder}/${name}-${look}.png` });
    const page = await open(t, { secret: "", ...options });
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await shot("sign-in");
    await page.goto("about:blank");
    await page.goto(`${process.env.EARSHOT_PAGE}#token=${process.env.EARSHOT_TOKEN}`);
    await first(page).waitFor();
    await shot("history");
    await first(page).getByRole("button", { name: "Details" }).click();
    await shot("details");
    await first(page).getByRole("button", { name: "Details" }).click();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.locator("dialog").getByText(/recordings? (from|of)/).waitFor();
    await shot("delete-period");
    await page.locator("dialog button.danger").click();
    await page.getByText("This cannot be undone.").waitFor();
    await shot("delete-confirm");
    await page.keyboard.press("Escape");
    if (options.viewport.width < 600) await page.getByRole("button", { name: "Select" }).click();
    for (const i of [0, 1]) await rows(page).nth(i).getByRole("checkbox").check();
    await shot("selection");
    await page.getByRole("button", { name: "End selection" }).click();
    await page.getByRole("searchbox").fill("there is nothing like this");
    await page.getByText("No recordings match.").waitFor();
    await shot("no-match");
    for (const part of ["Microphones", "Privacy", "Access log"]) {
      await page.getByRole("link", { name: part }).click();
      await page.waitForTimeout(500);
      await shot(part.toLowerCase().replace(" ", "-"));
    }
  });
}
