/// <reference types="@vitest/browser/providers/playwright" />
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The bridge, for `npm run dev`. */
const bridge = { target: "http://127.0.0.1:8127", ws: true };

/** Takes the indentation out of templates, and the ends of lines out of styles, which minifiers leave alone. They mean nothing there. */
export const dedent: Plugin = {
  name: "dedent",
  apply: "build",
  enforce: "pre",
  transform: (code, id) => (id.includes("/src/") && id.endsWith(".ts") ? { code: code.replace(/\n[ \t]+/g, "\n"), map: null } : undefined),
  generateBundle(_, files) {
    for (const file of Object.values(files)) if (file.type === "chunk") file.code = file.code.replace(/([;{]|;\})\n/g, "$1");
  },
};

/** Fetches parts as browsers do it by themselves: they have no style sheets of their own for Vite to fetch before. */
const plainImports: Plugin = {
  name: "plain-imports",
  apply: "build",
  enforce: "pre",
  load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : undefined),
};

export default defineConfig({
  plugins: [dedent, plainImports],
  base: "./", // the page may lie below any path: Home Assistant's ingress, a proxy
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        // The same names each time: what is in git changes only where the page does, and the bridge tells browsers by ETag.
        entryFileNames: "page.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  optimizeDeps: { include: ["axe-core", "lit", "lit/decorators.js", "lit/directives/repeat.js"] },
  server: { host: "127.0.0.1", proxy: { "/api": bridge, "/auth": bridge } },
  test: {
    include: ["test/**/*.test.ts"],
    api: { host: "127.0.0.1" },
    browser: {
      enabled: true,
      provider: "playwright",
      headless: true,
      screenshotFailures: false,
      viewport: { width: 1024, height: 768 },
      instances: [{ browser: "chromium", launch: { executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] } }],
    },
  },
});
