// @vitest-environment node
import { readFileSync, readdirSync } from "node:fs";
import { build } from "vite";
import { expect, test } from "vitest";

import { troubles } from "../src/lib/troubles";

const root = new URL("../src/", import.meta.url);
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(svelte|ts)$/.test(path) && !path.startsWith("bindings") && !path.startsWith("dev"))
  .map((path) => ({ path, text: readFileSync(new URL(path, root), "utf8") }));

const where = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

test("there are sources to look at", () => expect(sources.length).toBeGreaterThan(30));

test("one file speaks to Rust", () => {
  expect(where(/@tauri-apps\/api/)).toEqual(["lib/ipc.ts"]);
});

test("nothing the content security policy refuses", () => {
  expect(where(/\sstyle=|\{@html|(transition|in|out|animate):\w+[=\s>]|innerHTML/)).toEqual([]);
});

test("every trouble has words of its own", () => {
  const codes = readFileSync(new URL("bindings/TroubleCode.ts", root), "utf8").match(/(?<=")\w+(?=")/g);
  expect(Object.keys(troubles).sort()).toEqual([...codes!].sort());
  const titles = Object.values(troubles).map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});

test("the built window holds no inline script or style, and nothing made up", async () => {
  const built = await build({
    root: new URL("../", import.meta.url).pathname,
    logLevel: "silent",
    build: { write: false },
  });
  if (!("output" in built)) throw new Error("expected one build");
  const names = built.output.map((file) => file.fileName);
  const page = built.output.find((file) => file.fileName === "index.html");
  expect(names.some((name) => name.endsWith(".css"))).toBe(true);
  expect(page && "source" in page ? String(page.source) : "").not.toMatch(
    /<style|style=|<script(?![^>]*src=)/,
  );
  const code = built.output.map((file) => ("code" in file ? file.code : "")).join();
  expect(code).not.toMatch(/mockIPC|Rebuild the staging index/);
  expect(code).not.toMatch(/createElement\("style"\)/);
}, 60_000);
