/** Where things stand in the chart of a month. Pure: numbers in, places out. */
import type { ADay } from "../bindings/ADay";
import type { CommandKind } from "../bindings/CommandKind";
import type { DayView } from "../bindings/DayView";
import { kindWords } from "./words";

const DAY = 24 * 60 * 60 * 1000;

/** The kinds from the bottom of a bar to its top. */
export const KINDS = Object.keys(kindWords) as CommandKind[];

/** What a bar is made of: our kinds, and everybody else. */
export type Part = CommandKind | "others";

/** A piece of a bar: from which amount up to which. */
export type Piece = { part: Part; from: number; to: number };

/** A point of the line: so much was used when so many days had passed. */
export type Point = { days: number; amount: number };

/** Where a plot stands: how wide it is with all, and what of that is beside the plot itself. */
export type Frame = { width: number; left: number; right: number };

/** A round number that is at least as much, for the top of a scale. */
export function roundAbove(amount: number): number {
  if (amount <= 10) return 10;
  const step = 10 ** Math.floor(Math.log10(amount));
  const times = [1, 1.5, 2, 3, 4, 5, 6, 8].find((times) => amount <= times * step) ?? 10;
  return times * step;
}

/** A number on a scale, where there is little room: "500k", "1.5M". */
export function scaleWord(amount: number): string {
  if (amount < 1000) return String(amount);
  return amount < 1_000_000 ? `${amount / 1000}k` : `${amount / 1_000_000}M`;
}

/** What was not ours on a day, where that is known. */
export const othersOf = (day: DayView) =>
  day.everybody === null ? null : Math.max(0, day.everybody - day.commands);

/** A day's bar from the bottom up. */
export function piecesOf(day: DayView): Piece[] {
  const parts: [Part, number][] = KINDS.map((kind) => [
    kind,
    day.kinds.find((count) => count.kind === kind)?.commands ?? 0,
  ]);
  parts.push(["others", othersOf(day) ?? 0]);
  const pieces: Piece[] = [];
  let from = 0;
  for (const [part, amount] of parts) {
    if (amount > 0) pieces.push({ part, from, to: from + amount });
    from += amount;
  }
  return pieces;
}

/** How many days of the month have passed, with the part of today; within today, whatever the clock here says. */
export function passed(days: number, inMonth: number, turnsAt: number, now: number): number {
  return Math.min(days, Math.max(days - 1, inMonth - (turnsAt - now) / DAY));
}

/**
 * The line of what adds up: back from what is used now, day by day, as far as each is known. The month began with
 * nothing, so that what is not known becomes one straight piece.
 */
export function risen(days: readonly DayView[], used: number, everybody: boolean, now: number): Point[] {
  const line: Point[] = [{ days: now, amount: used }];
  let amount = used;
  for (let place = days.length - 1; place > 0; place--) {
    const day = days[place];
    const of = everybody ? day?.everybody : day?.commands;
    if (of === null || of === undefined) break;
    amount = Math.max(0, amount - of);
    line.unshift({ days: place, amount });
  }
  if (now > 0) line.unshift({ days: 0, amount: 0 });
  return line;
}

/** So many times as high as everything else a limit may be and still be drawn: a higher one would flatten the bars. */
const FLATTENING = 2.5;

/** Up to where the scale of the days goes, and whether the limit's line is on it. */
export function scaleOfDays(bars: readonly Piece[][], aDay: ADay | null): { top: number; limit: boolean } {
  const most = Math.max(...bars.map((pieces) => pieces.at(-1)?.to ?? 0), aDay?.high ?? 0, 1);
  const room = aDay?.most ?? null;
  const limit = room !== null && room <= most * FLATTENING;
  return { top: roundAbove(limit ? Math.max(most, room) : most), limit };
}
