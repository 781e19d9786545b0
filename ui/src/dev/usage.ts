/**
 * Made-up usage. `?page=usage&usage=busy`: `quiet` (or none), `busy`, `near` (over 80 %), `close` (over 95 %), `over`,
 * `keyless`, `paid`, `empty`.
 *
 * What is reckoned here stands in for Rust's reckoning, which alone counts.
 */
import type { CommandKind } from "../bindings/CommandKind";
import type { DayView } from "../bindings/DayView";
import type { Example } from "../bindings/Example";
import type { Fleet } from "../bindings/Fleet";
import type { FleetPlan } from "../bindings/FleetPlan";
import type { KindCount } from "../bindings/KindCount";
import type { Level } from "../bindings/Level";
import type { MeterLevel } from "../bindings/MeterLevel";
import type { PlanKind } from "../bindings/PlanKind";
import type { PlanView } from "../bindings/PlanView";
import type { Settings } from "../bindings/Settings";
import type { UsageView } from "../bindings/UsageView";
import type { WhatIf } from "../bindings/WhatIf";
import type { WhatIfView } from "../bindings/WhatIfView";
import { grouped } from "../lib/format";
import { planWords } from "../lib/words";
import { settings as usual } from "./setup";

const DAY = 86_400_000;
const FREE = 500_000;
const day_s = 86_400;

export type Case = "quiet" | "busy" | "near" | "close" | "over" | "keyless" | "paid" | "empty";

/**
 * Messages of ours a day, others’ commands a day, seconds between heartbeats, how far above that the last days were,
 * and what all of it comes to in percent, whatever day it is; 0 for whatever it comes to.
 */
const cases: Record<
  Case,
  { messages: number; others: number; every: number; rise: number; percent: number }
> = {
  quiet: { messages: 14, others: 640, every: 120, rise: 1, percent: 0 },
  busy: { messages: 1400, others: 5200, every: 60, rise: 1.2, percent: 0 },
  near: { messages: 2300, others: 9500, every: 60, rise: 1.3, percent: 86 },
  close: { messages: 2900, others: 11_300, every: 60, rise: 1.3, percent: 96.5 },
  over: { messages: 3000, others: 12_400, every: 60, rise: 1.3, percent: 103 },
  keyless: { messages: 60, others: 0, every: 120, rise: 1, percent: 0 },
  paid: { messages: 9000, others: 31_000, every: 30, rise: 1, percent: 0 },
  empty: { messages: 0, others: 0, every: 120, rise: 1, percent: 0 },
};

const names: [CommandKind, string][] = [
  ["heartbeat", "heartbeats"],
  ["keep_alive", "keep-alive"],
  ["connect", "connecting"],
  ["publish", "messages"],
  ["receipt", "receipts"],
  ["record", "the record"],
  ["catch_up", "catching up"],
  ["test", "tests"],
];

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

function dayOf(which: Case, place: number, part: number, date: string, factor: number): DayView {
  const { messages, others, every, rise } = cases[which];
  const wave = 0.72 + 0.5 * Math.abs(Math.sin(place * 1.7)) + (place % 7 > 4 ? -0.35 : 0);
  const times = wave * (place > 15 ? rise : 1) * part * factor;
  const said = Math.round(messages * times);
  const receipts = Math.round(said * 0.4);
  const amounts: Record<CommandKind, number> = {
    heartbeat: which === "empty" ? 0 : Math.round((day_s / every) * part),
    keep_alive: which !== "empty" && place % 7 === 3 ? 1 : 0,
    connect: which === "empty" ? 0 : 6 + (place % 5) * 4,
    publish: said,
    receipt: receipts,
    record: said + receipts,
    catch_up: which === "empty" ? 0 : 8 + (place % 4) * 6,
    test: which !== "empty" && place % 9 === 2 ? 21 : 0,
  };
  const kinds = names
    .map(([kind]): KindCount => ({ kind, commands: amounts[kind] }))
    .filter((count) => count.commands > 0);
  const commands = sum(kinds.map((count) => count.commands));
  return {
    date,
    commands,
    kinds,
    bytes_in: commands * 300,
    bytes_out: commands * 410,
    everybody: which === "keyless" || place < 3 ? null : commands + Math.round(others * times),
  };
}

function levelOf(used: number | null, limit: number | null): MeterLevel {
  if (used === null) return "unknown";
  if (limit === null) return "endless";
  const share = (100 * used) / limit;
  return share >= 100 ? "over" : share >= 95 ? "close" : share >= 80 ? "near" : "well";
}

export function usageOf(which: Case, settings: Settings = usual, now = Date.now()): UsageView {
  const today = new Date(now);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  const turns_at = Date.UTC(year, month + 1, 1);
  const days_in_month = new Date(turns_at - 1).getUTCDate();
  const daysOf = (factor: number) =>
    Array.from({ length: today.getUTCDate() }, (_, place) =>
      dayOf(
        which,
        place,
        place + 1 === today.getUTCDate() ? (now % DAY) / DAY : 1,
        new Date(Date.UTC(year, month, place + 1)).toISOString().slice(0, 10),
        factor,
      ),
    );
  const all = (days: DayView[]) => sum(days.map((day) => day.everybody ?? day.commands));
  const { percent } = cases[which];
  const [fixed, whole] = [all(daysOf(0)), all(daysOf(1))];
  const days = daysOf(percent > 0 ? ((percent / 100) * FREE - fixed) / (whole - fixed) : 1);
  const read = which !== "keyless" && which !== "empty";
  const limit =
    settings.usage.most_commands || (which === "paid" ? null : (settings.usage.prices.free.commands ?? FREE));
  const ours = sum(days.map((day) => day.commands));
  const others = read ? all(days) - ours : null;
  const used = Math.round(ours + (others ?? 0));
  const bytes = sum(days.map((day) => day.bytes_in + day.bytes_out));
  const percentOf = (amount: number, of: number | null) => (of === null ? null : (100 * amount) / of);
  const share = percentOf(used, limit) ?? 0;
  const level: Level = share >= 95 ? "scarce" : share >= 80 ? "careful" : "usual";
  const full = days.slice(-8, -1).map((day) => day.everybody ?? day.commands);
  const left = (turns_at - now) / DAY;
  const middle = [...full].sort((a, b) => a - b)[Math.floor(full.length / 2)] ?? 0;
  const end = (a_day: number) => Math.round(used + a_day * left);
  const passes = limit !== null && used < limit && end(middle) > limit;
  const known = read ? "service" : "ours";
  const wide = which === "paid" ? 200e9 : 10e9;
  const stored = read ? 3_400_000 : null;
  const plan: Pick<PlanView, "plan" | "name" | "from"> = read
    ? {
        plan: which === "paid" ? "pay_as_you_go" : "free",
        name: which === "paid" ? "Pay as you go" : "Free",
        from: "service",
      }
    : { plan: "free", name: "Free", from: "table" };
  const cost = (commands: number) => (which === "paid" ? (commands / 100_000) * 0.2 : 0);
  const method =
    "What was used so far, and the median of the last 7 full days for each day that is left. The range is the least " +
    "and the most of them.";
  const kinds = names
    .map(([kind, name]) => ({
      kind,
      name,
      commands: sum(days.map((day) => day.kinds.find((count) => count.kind === kind)?.commands ?? 0)),
    }))
    .filter(({ commands }) => commands > 0)
    .map((one) => ({ ...one, share: (100 * one.commands) / ours, of_plan: percentOf(one.commands, limit) }))
    .sort((a, b) => b.commands - a.commands);
  return {
    month: new Date(now).toISOString().slice(0, 7),
    days_in_month,
    turns_at,
    meters: [
      {
        kind: "commands",
        used,
        known_from: known,
        ours,
        others: others === null ? null : used - ours,
        limit,
        limit_from: settings.usage.most_commands ? "settings" : read ? "service" : "table",
        percent: percentOf(used, limit),
        level: levelOf(used, limit),
      },
      {
        kind: "bandwidth",
        used: bytes * (read ? 3 : 1),
        known_from: known,
        ours: bytes,
        others: read ? bytes * 2 : null,
        limit: wide,
        limit_from: read ? "service" : "table",
        percent: percentOf(bytes * (read ? 3 : 1), wide),
        level: levelOf(bytes * (read ? 3 : 1), wide),
      },
      {
        kind: "storage",
        used: stored,
        known_from: known,
        ours: null,
        others: null,
        limit: 256e6,
        limit_from: "table",
        percent: stored === null ? null : percentOf(stored, 256e6),
        level: levelOf(stored, 256e6),
      },
    ],
    days,
    elsewhere: which === "quiet" ? 4310 : 0,
    forecasts:
      which === "empty"
        ? []
        : [
            {
              meter: "commands",
              expected: end(middle),
              low: end(Math.min(...full)),
              high: end(Math.max(...full)),
              percent: percentOf(end(middle), limit),
              of: known,
              method,
              passes_on:
                passes && limit !== null
                  ? new Date(now + ((limit - used) / middle) * DAY).toISOString().slice(0, 10)
                  : null,
              a_day: {
                expected: middle,
                low: Math.min(...full),
                high: Math.max(...full),
                most: limit === null ? null : Math.max(0, Math.floor((limit - used) / left)),
              },
            },
            {
              meter: "bandwidth",
              expected: Math.round(bytes * (read ? 3.6 : 1.2)),
              low: Math.round(bytes * (read ? 3.4 : 1.1)),
              high: Math.round(bytes * (read ? 3.9 : 1.3)),
              percent: percentOf(bytes * (read ? 3.6 : 1.2), wide),
              of: known,
              method,
              passes_on: null,
              a_day: { expected: 0, low: 0, high: 0, most: null },
            },
          ],
    kinds: which === "empty" ? [] : kinds,
    read_at: read ? now - 4 * 60_000 : null,
    unread: read
      ? null
      : "Without an API key only what this program uses is known. With one, Upstash says what everybody uses.",
    plan: {
      ...plan,
      as_of: settings.usage.prices.as_of,
      cost: cost(used),
      expected_cost: which === "empty" ? null : cost(end(middle)),
    },
    saving: {
      on: settings.usage.slow_down,
      marks: [80, 95],
      level: settings.usage.slow_down ? level : "usual",
      words:
        level === "usual" || !settings.usage.slow_down
          ? "Nothing is held back."
          : level === "careful"
            ? "Heartbeats go out every five minutes at most."
            : "Only tasks, replies and alerts go out; other messages wait. Nothing is written into the record, no " +
              "receipts are sent, and heartbeats go out every fifteen minutes.",
      until: level === "usual" || !settings.usage.slow_down ? null : turns_at,
    },
    troubles: [],
  };
}

/** `price`: dollars for 100,000 commands, where the plan asks something for them. */
export function whatIfOf(wanted: WhatIf, price = 0): WhatIfView {
  const cost = (commands: number) => (price > 0 ? (commands / 100_000) * price : null);
  const receipts = wanted.receipts ? 240 : 0;
  const counts: KindCount[] = [
    { kind: "heartbeat", commands: Math.round((30 * day_s) / wanted.heartbeat_s) },
    { kind: "connect", commands: 420 },
    { kind: "publish", commands: 420 },
    { kind: "receipt", commands: receipts },
    { kind: "record", commands: wanted.record ? 420 + receipts : 0 },
    { kind: "catch_up", commands: 510 },
  ];
  const kinds = counts.filter((count) => count.commands > 0);
  const commands = sum(kinds.map((count) => count.commands));
  return {
    commands,
    percent: price > 0 ? null : (100 * commands) / FREE,
    kinds,
    cost: cost(commands),
    cost_change: price > 0 ? (cost(commands) ?? 0) - (cost(23_850) ?? 0) : null,
    method:
      "A month of 30 days with this program running all day, and as many messages and tasks a day as in the last days.",
  };
}

export function fleetPlanOf(fleet: Fleet): FleetPlan {
  const { agents, messages_a_day, size, heartbeat_s, recorded, kept, read_regions, days } = fleet;
  const amounts = (agents: number, messages: number) => {
    const publishes = agents * messages * days;
    const records = recorded ? publishes : 0;
    const heartbeats = heartbeat_s > 0 ? agents * Math.floor((days * day_s) / heartbeat_s) : 0;
    const commands = (publishes + records + heartbeats) * (1 + read_regions);
    const bandwidth = (2 * publishes + records) * (size + 60) + heartbeats * 300 * (1 + agents);
    const storage = recorded ? agents * Math.min(messages * days, kept) * (size + 40) : 0;
    return { publishes, records, heartbeats, commands, bandwidth, storage };
  };
  const it = amounts(agents, messages_a_day);
  const fits = ({ commands, bandwidth, storage }: typeof it) =>
    commands <= FREE && bandwidth <= 10e9 && storage <= 256e6;
  const most = (fitting: (n: number) => boolean) => {
    if (!fitting(0)) return null;
    let [low, high] = [0, 10_000_001];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (fitting(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
  const plans: [PlanKind, number, string | null][] = [
    ["free", 0, it.commands > FREE ? `${grouped(it.commands - FREE)} commands too many` : null],
    ["pay_as_you_go", (it.commands / 100_000) * 0.2, null],
    ["fixed", 10, it.bandwidth > 50e9 ? `${grouped(it.bandwidth - 50e9)} bytes of traffic too many` : null],
  ];
  return {
    ...it,
    formula: [
      `Messages: ${grouped(agents)} agents × ${grouped(messages_a_day)} a day × ${days} days = ${grouped(it.publishes)}`,
      ...(recorded ? [`Record: one entry for each message = ${grouped(it.records)}`] : []),
      `Commands: all of these = ${grouped(it.commands)}`,
    ],
    plans: plans.map(([plan, cost, why_not]) => ({
      plan,
      name: planWords[plan],
      enough: why_not === null,
      cost,
      why_not,
    })),
    cheapest: plans.find(([, , why_not]) => why_not === null)?.[0] ?? null,
    free_end: {
      messages_a_day: most((messages) => fits(amounts(agents, messages))),
      agents: most((agents) => fits(amounts(agents, messages_a_day))) ?? 0,
    },
  };
}

const twenty: Fleet = {
  agents: 20,
  messages_a_day: 1000,
  size: 500,
  heartbeat_s: 0,
  recorded: false,
  kept: 0,
  read_regions: 0,
  days: 30,
};

export const example: Example = {
  fleet: twenty,
  plan: fleetPlanOf(twenty),
  wrong: "“Within the free tier”, or “$0.40 a month”.",
  why:
    "20 × 1,000 × 30 are 600,000 messages, and each is a command: 100,000 more than the free plan allows. And $0.40 " +
    "pays for 200,000 commands only: pay as you go has no free ones, so that all 600,000 are billed, at $0.20 for " +
    "each 100,000. Heartbeats and the record are not even in this.",
};
