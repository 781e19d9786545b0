import { expect, test } from "vitest";

import type { DayView } from "../src/bindings/DayView";
import { KINDS, passed, piecesOf, risen, roundAbove, scaleOfDays, scaleWord } from "../src/lib/chart";
import { meterLevelWords } from "../src/lib/usage.svelte";

const DAY = 86_400_000;
const day = (commands: number, everybody: number | null = null): DayView => ({
  date: "2026-11-01",
  commands,
  kinds: commands > 0 ? [{ kind: "heartbeat", commands }] : [],
  bytes_in: 0,
  bytes_out: 0,
  everybody,
});

test.each([
  [0, 10],
  [10, 10],
  [720, 800],
  [1001, 1500],
  [500_000, 500_000],
  [620_000, 800_000],
  [910_000, 1_000_000],
])("a scale for %i ends at %i", (amount, top) => expect(roundAbove(amount)).toBe(top));

test("a scale's numbers are short", () => {
  expect([750, 7500, 500_000, 1_500_000].map(scaleWord)).toEqual(["750", "7.5k", "500k", "1.5M"]);
});

test("a bar is stacked in one order, without gaps, the others on top", () => {
  const pieces = piecesOf({
    ...day(30, 50),
    kinds: [
      { kind: "test", commands: 5 },
      { kind: "publish", commands: 10 },
      { kind: "heartbeat", commands: 15 },
    ],
  });
  expect(pieces).toEqual([
    { part: "heartbeat", from: 0, to: 15 },
    { part: "publish", from: 15, to: 25 },
    { part: "test", from: 25, to: 30 },
    { part: "others", from: 30, to: 50 },
  ]);
  expect(piecesOf(day(0))).toEqual([]);
  expect(piecesOf(day(9, 4))).toHaveLength(1);
  expect(new Set(KINDS).size).toBe(8);
});

test("what adds up goes back from what is used now, as far as the days are known", () => {
  const days = [day(10), day(20), day(30), day(5)];
  expect(risen(days, 65, false, 3.5)).toEqual([
    { days: 0, amount: 0 },
    { days: 1, amount: 10 },
    { days: 2, amount: 30 },
    { days: 3, amount: 60 },
    { days: 3.5, amount: 65 },
  ]);
  // Of the second day nobody knows everybody's: one straight piece over it and the first.
  const everybody = [day(1), day(1), day(1, 40), day(1, 8)];
  expect(risen(everybody, 100, true, 4)).toEqual([
    { days: 0, amount: 0 },
    { days: 2, amount: 52 },
    { days: 3, amount: 92 },
    { days: 4, amount: 100 },
  ]);
});

test("now is within today, even by a clock that is wrong", () => {
  expect(passed(25, 30, 5.5 * DAY, 0)).toBe(24.5);
  expect(passed(25, 30, 40 * DAY, 0)).toBe(24);
  expect(passed(25, 30, 0, 0)).toBe(25);
});

test("a limit far above the days is not drawn among them", () => {
  const bars = [day(700), day(300)].map(piecesOf);
  const aDay = (high: number, most: number | null) => ({ expected: 400, low: 300, high, most });
  expect(scaleOfDays(bars, null)).toEqual({ top: 800, limit: false });
  expect(scaleOfDays(bars, aDay(900, null))).toEqual({ top: 1000, limit: false });
  expect(scaleOfDays(bars, aDay(600, 1500))).toEqual({ top: 1500, limit: true });
  expect(scaleOfDays(bars, aDay(600, 16_000))).toEqual({ top: 800, limit: false });
  expect(scaleOfDays(bars, aDay(600, 0))).toEqual({ top: 800, limit: true });
  expect(scaleOfDays([], null)).toEqual({ top: 10, limit: false });
});

test("a meter's words go by the steps that Rust names", () => {
  const levels = ["unknown", "endless", "well", "near", "close", "over"] as const;
  expect(levels.map((level) => meterLevelWords(level, [70, 90]))).toEqual([
    "Not known",
    "No limit",
    "Enough left",
    "Over 70 %",
    "Over 90 %",
    "Used up",
  ]);
});
