/** Times, days and sizes as people read them. All by the local clock but what is billed, which goes by UTC; all pure. */
import type { Gap } from "../bindings/Gap";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const secondsFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", hourCycle: "h23" });
const exactFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const dayYearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const utcDayFormat = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  timeZone: "UTC",
});
const utcShortFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });
const utcMonthFormat = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
const shortDayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** "09:12" */
export const clock = (at: number) => clockFormat.format(at);

/** "09:12:07" */
export const clockSeconds = (at: number) => secondsFormat.format(at);

/** Everything there is to say about a moment, for a tooltip. */
export const exact = (at: number) => exactFormat.format(at);

/** A number that is the same for two moments of one local day. */
export function localDay(at: number): number {
  const date = new Date(at);
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

/** "Today", "Yesterday", "Friday 20 November", and with the year where it is another one. */
export function dayHeading(at: number, now: number): string {
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime();
  if (localDay(at) === localDay(now)) return "Today";
  if (localDay(at) === localDay(yesterday)) return "Yesterday";
  return new Date(at).getFullYear() === today.getFullYear() ? dayFormat.format(at) : dayYearFormat.format(at);
}

/** A row's time: "now" and "14 min" while it is fresh, then the clock; the heading above says the day. */
export function rowTime(at: number, now: number): string {
  const age = now - at;
  if (age >= HOUR || age < -MINUTE) return clock(at);
  return age < MINUTE ? "now" : `${Math.floor(age / MINUTE)} min`;
}

/** A span of time: "40 s", "2 min", "3 hours", "5 days". Seconds in tens, as the clock here ticks. */
export function span(length: number): string {
  if (length < 10 * SECOND) return "a few seconds";
  if (length < MINUTE) return `${Math.floor(length / (10 * SECOND)) * 10} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < DAY) return count(Math.floor(length / HOUR), "hour");
  return count(Math.floor(length / DAY), "day");
}

/** "2 min ago", or "in 2 min" for what is still to come. */
export function relative(at: number, now: number): string {
  return at > now + 10 * SECOND ? `in ${span(at - now)}` : `${span(Math.max(0, now - at))} ago`;
}

/** "3 seconds ago" while it is fresh; for what is watched as it happens, on the fine clock. */
export function ago(at: number, now: number): string {
  const age = Math.max(0, now - at);
  return age < MINUTE ? `${count(Math.floor(age / SECOND), "second")} ago` : relative(at, now);
}

/** How long something that is lent is still there: "71 h 12 min", "12 min", "less than a minute". */
export function left(until: number, now: number): string {
  const minutes = Math.floor((until - now) / MINUTE);
  if (minutes < 1) return "less than a minute";
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long a step took: "under 1 ms", "38 ms", "2.4 s". */
export function took(ms: number): string {
  if (ms < 1) return "under 1 ms";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** How long something took that may take hours: "2.4 s", "1 min 32 s", "2 h 5 min". */
export function lasted(ms: number): string {
  if (ms < MINUTE) return took(ms);
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
}

/** Whole days that are left: "due in 12 days", "due today", "overdue by 3 days". */
export function dueIn(days: number): string {
  if (days < 0) return `overdue by ${count(-days, "day")}`;
  if (days < 2) return days === 0 ? "due today" : "due tomorrow";
  return `due in ${count(days, "day")}`;
}

/** A time of day as it is written down, "07:00", from what a person may write; null if it is none. */
export function timeOfDay(text: string): string | null {
  const [, hours, minutes] = /^\s*(\d{1,2})[:.]?(\d{2})\s*$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined || Number(hours) > 23 || Number(minutes) > 59) return null;
  return `${hours.padStart(2, "0")}:${minutes}`;
}

/** "21,600" */
export const grouped = (n: number) => n.toLocaleString("en-GB");

/** "25 November 2026, 10:42" */
export const dayAndClock = (at: number) => `${dayYearFormat.format(at)}, ${clock(at)}`;

/** "expires in 58 min" or "expired 3 hours ago". */
export function expiry(at: number, now: number): string {
  return at > now ? `expires in ${span(at - now)}` : `expired ${span(now - at)} ago`;
}

/** Seconds left, counted down: "8 s", "1 min 20 s". */
export function countdown(at: number, now: number): string {
  const left = Math.max(0, Math.ceil((at - now) / SECOND));
  return left < 60 ? `${left} s` : `${Math.floor(left / 60)} min ${left % 60} s`;
}

/** "02:10–02:44", and with the day it began on where that is another one. */
export function gapTimes(gap: Gap): string {
  const began = localDay(gap.from) === localDay(gap.until) ? "" : `${shortDayFormat.format(gap.from)} `;
  return `${began}${clock(gap.from)}–${clock(gap.until)}`;
}

/** "812 bytes", "3.4 kB", "10 GB". */
export function size(bytes: number): string {
  if (bytes < 1000) return count(bytes, "byte");
  const [unit, name] =
    bytes < 1_000_000 ? [1000, "kB"] : bytes < 1_000_000_000 ? [1_000_000, "MB"] : [1_000_000_000, "GB"];
  return `${short(bytes / unit)} ${name}`;
}

/** "86.2 %"; cut off rather than rounded, so that it never says 80 before it is. */
export function percent(share: number): string {
  if (share === 0) return "0 %";
  if (share > 0 && share < 0.1) return "under 0.1 %";
  return `${(Math.floor(share * 10 + 1e-6) / 10).toFixed(1)} %`;
}

/** "$1.20", "$0". */
export function dollars(amount: number): string {
  if (amount === 0) return "$0";
  return amount < 0.01 ? "under $0.01" : `$${amount.toFixed(2)}`;
}

/** With one decimal where it has one. */
const short = (n: number) => n.toLocaleString("en-GB", { maximumFractionDigits: 1 });

/** "Wednesday 25 November", of a day in UTC as Rust writes it: "2026-11-25". */
export const utcDay = (date: string) => utcDayFormat.format(new Date(`${date}T00:00:00Z`));

/** "25 November" */
export const utcDayShort = (date: string) => utcShortFormat.format(new Date(`${date}T00:00:00Z`));

/** "November 2026", of "2026-11" */
export const utcMonth = (month: string) => utcMonthFormat.format(new Date(`${month}-01T00:00:00Z`));

/** "1 message", "2 messages". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** How long a message takes out and back; on this computer it is less than can be told. */
export const roundTrip = (ms: number) => (ms < 1 ? "under 1 ms" : `${ms} ms`);

/** The first label of a host name, enough to know it by: "calm-owl-12345". */
export function shortHost(address: string): string {
  const host = address.replace(/:\d+$/, "");
  return /^[\d.]+$|[[\]]/.test(host) ? host : (host.split(".")[0] ?? host);
}
