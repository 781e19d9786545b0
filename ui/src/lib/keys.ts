/** Which key does what. Pure, so that a test can read it as a table. */
import type { ReplyStatus } from "../bindings/ReplyStatus";
import { replyWords } from "./words";

export type KeyDeed =
  | { do: "move"; by: number }
  | { do: "edge"; end: boolean }
  | { do: "answer"; status: ReplyStatus }
  | { do: "search" | "write" | "back" };

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "repeat">;

const fixed: Record<string, KeyDeed> = {
  j: { do: "move", by: 1 },
  k: { do: "move", by: -1 },
  ArrowDown: { do: "move", by: 1 },
  ArrowUp: { do: "move", by: -1 },
  PageDown: { do: "move", by: 10 },
  PageUp: { do: "move", by: -10 },
  Home: { do: "edge", end: false },
  End: { do: "edge", end: true },
  "/": { do: "search" },
  r: { do: "write" },
  Escape: { do: "back" },
};

/** What a key press asks for, given the answers that can be given now. */
export function deedOf(press: Press, actions: readonly ReplyStatus[]): KeyDeed | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const status = actions.find((action) => replyWords[action].key === key.toUpperCase());
  // A key held down must not answer the next task too.
  if (status) return press.repeat ? null : { do: "answer", status };
  return fixed[key] ?? null;
}

/** Is the person writing? Then letters are letters. */
export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
