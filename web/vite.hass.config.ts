import { defineConfig } from "vite";
import { dedent } from "./vite.config";

/** The card and the panel: one file, which Home Assistant's integration serves. */
export default defineConfig({
  plugins: [dedent],
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "../custom_components/earshot/frontend",
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: "src/hass/earshot.ts",
      output: { entryFileNames: "earshot.js", inlineDynamicImports: true },
    },
  },
});
