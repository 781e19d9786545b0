import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The policy the window lives under; the preview server sends it too, so that a breach shows in a browser. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src ipc: http://ipc.localhost; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Refuses a window in which the made-up backend could answer instead of the real one. */
const nothingMadeUp: Plugin = {
  name: "nothing-made-up",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      const made = chunk.type === "chunk" && chunk.moduleIds.find((id) => id.includes("/src/dev/"));
      if (made) this.error(`${made} must not be in the window`);
    }
  },
};

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting(), ...(mode === "mock" ? [] : [nothingMadeUp])],
  clearScreen: false,
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
  preview: {
    host: "127.0.0.1",
    port: 4173,
    strictPort: true,
    headers: { "Content-Security-Policy": policy },
  },
  build: {
    outDir: mode === "mock" ? "dist-mock" : "dist",
    target: ["safari16", "chrome111"],
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  test: {
    environment: "jsdom",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    restoreMocks: true,
    // Axe takes its time where the computer has other work too.
    testTimeout: 30_000,
  },
}));
