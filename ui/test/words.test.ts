import { expect, test } from "vitest";

import type { Row } from "../src/bindings/Row";
import { markOf, rowLine } from "../src/lib/words";
import { someRows } from "./backend";

const row = (change: Partial<Row>): Row => ({
  ...someRows(1)[0]!,
  preview: "shard 7",
  priority: "normal",
  unread: false,
  ...change,
});

test.each<[Partial<Row>, string]>([
  [{ state: "new", priority: "urgent" }, "helios · urgent · shard 7"],
  [{ state: "accepted" }, "helios · accepted · shard 7"],
  [{ state: "done", heard: true, answer: "41 GB saved" }, "done · heard by helios · “41 GB saved”"],
  [{ state: "failed", heard: false, answer: "" }, "failed · not heard by helios yet · shard 7"],
  [{ state: "expired" }, "helios · expired · shard 7"],
  [{ state: null, kind: "status", preview: "" }, "helios · status"],
])("a row says %o", (change, line) => expect(rowLine(row(change)).join(" · ")).toBe(line));

test("no two states share a mark", () => {
  const states = ["new", "accepted", "done", "failed", "declined", "expired", null] as const;
  const marks = states.map((state) => markOf(row({ state })));
  marks.push(markOf(row({ unread: true })));
  expect(new Set(marks.map((mark) => mark.shape)).size).toBe(marks.length);
  expect(new Set(marks.map((mark) => mark.word)).size).toBe(marks.length);
});
