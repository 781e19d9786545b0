/** What stands in the list at one row: the gaps on its newer side, the day it belongs to, and the row itself. */
import type { Gap } from "../bindings/Gap";
import type { Row } from "../bindings/Row";
import { localDay } from "./format";

export type Entry = { day: number } | { gap: Gap };

/**
 * The lines above a row. `newer` is the row above it in the list; a heading stands wherever the day changes on the
 * way down, and only where the row above is known, for a guess would have to be taken back.
 */
export function linesAbove(row: Row, newer: Row | undefined, index: number): Entry[] {
  const lines: Entry[] = [];
  let day = newer ? localDay(newer.received_at) : null;
  const turn = (at: number) => {
    if (localDay(at) !== day && (newer || index === 0)) lines.push({ day: at });
    day = localDay(at);
  };
  for (const gap of row.gaps_after) {
    turn(gap.until);
    lines.push({ gap });
  }
  turn(row.received_at);
  return lines;
}
