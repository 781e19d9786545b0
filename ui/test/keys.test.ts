import { expect, test } from "vitest";

import { deedOf, isWriting } from "../src/lib/keys";
import type { ReplyStatus } from "../src/bindings/ReplyStatus";

const actions: ReplyStatus[] = ["accepted", "done", "failed", "declined"];
const press = (key: string, more = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  ...more,
});

test.each([
  ["a", { do: "answer", status: "accepted" }],
  ["D", { do: "answer", status: "done" }],
  ["f", { do: "answer", status: "failed" }],
  ["x", { do: "answer", status: "declined" }],
  ["j", { do: "move", by: 1 }],
  ["ArrowUp", { do: "move", by: -1 }],
  ["/", { do: "search" }],
  ["R", { do: "write" }],
  ["q", null],
])("%s", (key, deed) => expect(deedOf(press(key), actions)).toEqual(deed));

test("an answer that cannot be given now has no key", () => {
  expect(deedOf(press("a"), ["done"])).toBeNull();
});

test("a key held down answers nothing, and moves on", () => {
  expect(deedOf(press("d", { repeat: true }), actions)).toBeNull();
  expect(deedOf(press("j", { repeat: true }), actions)).toEqual({ do: "move", by: 1 });
});

test("with Ctrl, Alt or Meta it is somebody else's key", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey"]) {
    expect(deedOf(press("d", { [held]: true }), actions)).toBeNull();
  }
});

test("in a text field letters are letters", () => {
  expect(isWriting(document.createElement("textarea"))).toBe(true);
  expect(isWriting(document.createElement("button"))).toBe(false);
});
