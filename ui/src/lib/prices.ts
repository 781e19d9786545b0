/** The dated table of what the plans allow and cost: its rows, in words, and what of it a person has corrected. Pure. */
import type { PlanKind } from "../bindings/PlanKind";
import type { Prices } from "../bindings/Prices";
import type { Terms } from "../bindings/Terms";
import { dollars, grouped, size, utcMonth } from "./format";
import { planWords } from "./words";

const GB = 1_000_000_000;
const MB = 1_000_000;
/** Rust's bounds: of what costs money, and of what is counted. */
const DEAREST = 1_000_000;
const MOST = 4_000_000_000;

export const PLANS = Object.keys(planWords) as PlanKind[];

/** What a number of the table means: as a label and a unit where it is written, as words where it is read. */
export type PriceRow = {
  key: keyof Terms;
  label: string;
  unit: string;
  whole: boolean;
  say: (terms: Terms) => string;
};

/** A table that is being written: a number may be missing for a while. */
export type Written = Record<PlanKind, Record<keyof Terms, number | null>> & { as_of: string };

const more = (price: number, free: number) =>
  price > 0 ? dollars(price) : free > 0 ? "not available" : "nothing";

export const ROWS: readonly PriceRow[] = [
  { key: "base", label: "A month, in any case", unit: "$", whole: false, say: (t) => dollars(t.base) },
  {
    key: "commands",
    label: "Commands a month",
    unit: "0 for no limit",
    whole: true,
    say: (t) => (t.commands > 0 ? grouped(t.commands) : "no limit"),
  },
  {
    key: "per_100k_commands",
    label: "For each 100,000 commands",
    unit: "$",
    whole: false,
    say: (t) => (t.per_100k_commands > 0 ? dollars(t.per_100k_commands) : "nothing"),
  },
  {
    key: "bandwidth_gb",
    label: "Bandwidth included",
    unit: "GB a month",
    whole: true,
    say: (t) => size(t.bandwidth_gb * GB),
  },
  {
    key: "per_gb_bandwidth",
    label: "For each GB beyond",
    unit: "$, 0 where there is no more",
    whole: false,
    say: (t) => more(t.per_gb_bandwidth, t.bandwidth_gb),
  },
  {
    key: "storage_mb",
    label: "Storage included",
    unit: "MB",
    whole: true,
    say: (t) => size(t.storage_mb * MB),
  },
  {
    key: "per_gb_storage",
    label: "For each GB of it beyond",
    unit: "$, 0 where there is no more",
    whole: false,
    say: (t) => more(t.per_gb_storage, t.storage_mb),
  },
  {
    key: "most_storage_mb",
    label: "Storage and no more",
    unit: "MB, 0 for no limit",
    whole: true,
    say: (t) => (t.most_storage_mb > 0 ? size(t.most_storage_mb * MB) : "no limit"),
  },
];

/** Is it a month as the table has it: "2026-08"? */
export const isMonth = (text: string) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

/** "August 2026"; what a person wrote into the file by hand may be no month, and is said as it is. */
export const asOf = (text: string) => (isMonth(text) ? utcMonth(text) : text);

/** Can a number stand in the table? */
export const isSound = (value: number | null, { whole }: PriceRow) =>
  value !== null && value >= 0 && value <= (whole ? MOST : DEAREST) && (!whole || Number.isInteger(value));

/** A table as it was written, if all of it can be used. */
export function sound(written: Written): Prices | null {
  const all = PLANS.every((plan) => ROWS.every((row) => isSound(written[plan][row.key], row)));
  return all && isMonth(written.as_of) ? (written as Prices) : null;
}

/** How many values are not those of the other table, the month among them. */
export function differing(one: Written, other: Written): number {
  const numbers = PLANS.flatMap((plan) => ROWS.filter(({ key }) => one[plan][key] !== other[plan][key]));
  return numbers.length + (one.as_of === other.as_of ? 0 : 1);
}
