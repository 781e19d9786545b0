import { expect, test } from "vitest";

import type { Gap } from "../src/bindings/Gap";
import type { Row } from "../src/bindings/Row";
import { linesAbove } from "../src/lib/days";
import { someRows } from "./backend";

const time = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
const row = (received_at: number, gaps_after: Gap[] = []): Row => ({
  ...someRows(1)[0]!,
  received_at,
  gaps_after,
});
const gap = (day: number): Gap => ({ from: time(day, 2), until: time(day, 3), cause: "asleep" });

test("the first row has its day above it, the next of that day has not", () => {
  expect(linesAbove(row(time(23, 9)), undefined, 0)).toEqual([{ day: time(23, 9) }]);
  expect(linesAbove(row(time(23, 8)), row(time(23, 9)), 1)).toEqual([]);
});

test("a gap stands on its own day, above the heading of an older row", () => {
  const lines = linesAbove(row(time(22, 18), [gap(23)]), row(time(23, 9)), 1);
  expect(lines).toEqual([{ gap: gap(23) }, { day: time(22, 18) }]);
});

test("a gap on a day without rows brings that day's heading", () => {
  const lines = linesAbove(row(time(20, 18), [gap(22)]), row(time(23, 9)), 1);
  expect(lines).toEqual([{ day: time(22, 3) }, { gap: gap(22) }, { day: time(20, 18) }]);
});

test("where the row above is not known, no day is guessed", () => {
  expect(linesAbove(row(time(20, 18)), undefined, 300)).toEqual([]);
});
