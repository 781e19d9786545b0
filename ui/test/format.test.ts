import { describe, expect, test } from "vitest";

import * as format from "../src/lib/format";

const now = new Date(2026, 10, 23, 10, 42, 7).getTime();
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime();
const SECOND = 1000;
const MINUTE = 60 * SECOND;

test.each([
  [3 * SECOND, "a few seconds"],
  [49 * SECOND, "40 s"],
  [60 * SECOND, "1 min"],
  [119 * MINUTE, "1 hour"],
  [49 * 60 * MINUTE, "2 days"],
])("a span of %i ms", (length, words) => expect(format.span(length)).toBe(words));

test.each([
  [0, "under 1 ms"],
  [59_900, "59.9 s"],
  [95_400, "1 min 35 s"],
  [125 * MINUTE, "2 h 5 min"],
])("a step of %i ms lasted %s", (length, words) => expect(format.lasted(length)).toBe(words));

test.each([
  [12, "due in 12 days"],
  [1, "due tomorrow"],
  [0, "due today"],
  [-1, "overdue by 1 day"],
])("%i days left: %s", (days, words) => expect(format.dueIn(days)).toBe(words));

test.each([
  [now - 20 * SECOND, "now"],
  [now - 14 * MINUTE, "14 min"],
  [at(2026, 10, 23, 9, 12), "09:12"],
  [at(2026, 10, 22, 18, 40), "18:40"],
  [now + 5 * MINUTE, "10:47"],
])("a row's time", (moment, words) => expect(format.rowTime(moment, now)).toBe(words));

test.each([
  [now, "Today"],
  [at(2026, 10, 22, 23, 59), "Yesterday"],
  [at(2026, 10, 20, 12, 0), "Friday 20 November"],
  [at(2025, 10, 20, 12, 0), "20 November 2025"],
])("a day's heading", (moment, words) => expect(format.dayHeading(moment, now)).toBe(words));

test("the day before the first of a month is yesterday", () => {
  expect(format.dayHeading(at(2026, 9, 31, 8, 0), at(2026, 10, 1, 0, 5))).toBe("Yesterday");
});

test("relative, both ways", () => {
  expect(format.relative(now - 2 * MINUTE, now)).toBe("2 min ago");
  expect(format.relative(now + 2 * MINUTE, now)).toBe("in 2 min");
  // A clock that is a little ahead must not speak of the future.
  expect(format.relative(now + 2 * SECOND, now)).toBe("a few seconds ago");
});

test("expiry", () => {
  expect(format.expiry(now + 58 * MINUTE, now)).toBe("expires in 58 min");
  expect(format.expiry(now - 3 * 60 * MINUTE, now)).toBe("expired 3 hours ago");
});

test("counting down never goes below nothing", () => {
  expect(format.countdown(now + 7_200, now)).toBe("8 s");
  expect(format.countdown(now + 80_000, now)).toBe("1 min 20 s");
  expect(format.countdown(now - 5_000, now)).toBe("0 s");
});

test("a gap's times, and its day where it began on another one", () => {
  const gap = { from: at(2026, 10, 23, 2, 10), until: at(2026, 10, 23, 2, 44), cause: "asleep" };
  expect(format.gapTimes(gap)).toBe("02:10–02:44");
  expect(format.gapTimes({ ...gap, from: at(2026, 10, 22, 23, 50) })).toBe("22 Nov 23:50–02:44");
});

describe("small words", () => {
  test("sizes", () => {
    expect(format.size(1)).toBe("1 byte");
    expect(format.size(3400)).toBe("3.4 kB");
    expect(format.size(2_500_000)).toBe("2.5 MB");
    expect(format.size(10_000_000_000)).toBe("10 GB");
  });

  test("hosts", () => {
    expect(format.shortHost("calm-owl-12345.upstash.io:6379")).toBe("calm-owl-12345");
    expect(format.shortHost("127.0.0.1:6390")).toBe("127.0.0.1");
    expect(format.shortHost("[::1]:6379")).toBe("[::1]");
  });
});

test.each([
  [0, "0 %"],
  [0.04, "under 0.1 %"],
  [4.32, "4.3 %"],
  [79.99, "79.9 %"],
  [80, "80.0 %"],
  [113, "113.0 %"],
])("%f of a hundred never says more than it is", (share, words) => expect(format.percent(share)).toBe(words));

test.each([
  [0, "$0"],
  [0.004, "under $0.01"],
  [1.2, "$1.20"],
])("%f dollars", (amount, words) => expect(format.dollars(amount)).toBe(words));

test("what is billed goes by UTC", () => {
  expect(format.utcDay("2026-11-25")).toBe("Wednesday 25 November");
  expect(format.utcDayShort("2026-12-01")).toBe("1 December");
  expect(format.utcMonth("2028-02")).toBe("February 2028");
});
