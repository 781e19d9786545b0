/**
 * The guided set-up played in a browser, without any Rust.
 *
 * `?page=setup&step=test&case=bad` begins at a step; `case` chooses what happens there: `good` (or none), `partly`,
 * `bad`, `running`, `found`, `locked` (keychain), `session`, `account`, `empty`, `making`, `unmade`, `lent`, `heard`,
 * `local`. `fails=keep_address,kit` lets commands fail; with `corrected` the person has corrected prices.
 */
import type { Door } from "../bindings/Door";
import type { Check } from "../bindings/Check";
import type { Event } from "../bindings/Event";
import type { GuideView } from "../bindings/GuideView";
import type { Keep } from "../bindings/Keep";
import type { NewDatabase } from "../bindings/NewDatabase";
import type { Settings } from "../bindings/Settings";
import type { Step } from "../bindings/Step";
import type { Fleet } from "../bindings/Fleet";
import type { Trouble } from "../bindings/Trouble";
import type { WhatIf } from "../bindings/WhatIf";
import * as made from "./setup";
import { example, fleetPlanOf, usageOf, whatIfOf, type Case } from "./usage";

const HOUR = 3_600_000;
const order: Step[] = ["where", "address", "test", "names", "helios", "computer"];
const refused: Trouble = {
  code: "api_key_refused",
  message: "Upstash does not know this e-mail with this key.",
  remedy: "Look at both in the console: Account → Management API.",
};

function begin(query: URLSearchParams): GuideView {
  const now = Date.now();
  const what = query.get("case") ?? "good";
  const account = { email: "ada@example.org", kept: "session" as const };
  const checks: Record<string, Check[]> = { partly: made.partlyChecks, bad: made.badChecks };
  const step = (query.get("step") ?? "where") as Step;
  const change: Partial<GuideView> = { finished: query.get("page") !== "setup" };
  if (query.has("door")) change.door = query.get("door") as Door;
  if (order.indexOf(step) >= 2) Object.assign(change, { checks: checks[what] ?? made.goodChecks, cost: 21 });
  const cases: Record<string, Partial<GuideView>> = {
    found: {
      found: [
        { find: "environment_address", shown: "calm-owl-12345.upstash.io:6379" },
        { find: "command_line_login", shown: "ada@example.org" },
      ],
    },
    locked: { keychain: made.keychainLocked },
    session: { kept: "session", keychain: made.keychainLocked },
    account: { account },
    empty: { account },
    making: {
      account,
      making: { name: "heliograph", since: now - 8_000, until: now + 112_000, trouble: null },
    },
    unmade: {
      account,
      making: {
        name: "heliograph",
        since: now - 120_000,
        until: now,
        trouble: {
          code: "plan_limit",
          message: "Upstash allows one free database in an account, and this account has it.",
          remedy: "Use that one, or make one that is paid as it is used.",
        },
      },
    },
    lent: {
      door: "temporary",
      temporary: { claim: true, ends: now + 71 * HOUR },
    },
    heard: { ping: { state: "answered", round_trip_ms: 84 } },
    running: { checks: made.runningChecks, testing: true },
  };
  return made.guideOf(step, { ...change, ...cases[what] });
}

export function rehearsal(
  query: URLSearchParams,
  tell: (event: Event) => void,
  fit: (settings: Settings) => Settings,
) {
  const what = query.get("case") ?? "good";
  let view = begin(query);
  let settings: Settings = fit(query.has("corrected") ? made.correctedSettings : made.settings);
  let computer = { ...made.computer };

  const set = (change: Partial<GuideView>): GuideView => {
    view = { ...view, ...change };
    if (change.step) {
      const before = order.slice(0, order.indexOf(change.step));
      view.done = [...new Set([...view.done, ...before])];
    }
    tell({ type: "guide", guide: view });
    return view;
  };
  /** The steps come one by one, as in the real test. */
  const test = (change: Partial<GuideView> = {}) => {
    const all = what === "bad" ? made.badChecks : what === "partly" ? made.partlyChecks : made.goodChecks;
    const address = { host: "calm-owl-12345.upstash.io", port: 6379, user: null, tls: true, password: true };
    const started = set({
      address,
      kept: null,
      ...change,
      checks: [],
      testing: true,
      verdict: "running",
      cost: 0,
    });
    all.forEach((check, place) => {
      const running = { ...check, outcome: "running" as const, detail: null, took_ms: null, trouble: null };
      const before = all.slice(0, place);
      setTimeout(() => set({ checks: [...before, { ...running, help: null }] }), place * 300);
      setTimeout(() => set({ checks: [...before, check] }), place * 300 + 240);
    });
    const verdict = made.verdicts.get(all) ?? "none";
    setTimeout(() => set({ testing: false, verdict, cost: 21 }), all.length * 300);
    return started;
  };
  const make = (wanted: NewDatabase) => {
    const since = Date.now();
    setTimeout(() => view.making && test({ making: null, step: "test" }), 6000);
    return set({ making: { name: wanted.name, since, until: since + 120_000, trouble: null } });
  };
  const keep = (where: Keep) =>
    what === "locked" && where === "keychain"
      ? set({ keychain: made.keychainLocked })
      : set({ kept: where, keychain: null, step: "names" });
  const account = () => (what === "empty" ? { databases: [], free_taken: false } : made.databases);

  const commands: Record<string, (args: Record<string, unknown>) => unknown> = {
    guide: () => view,
    guide_go: ({ step }) => set({ step: step as Step }),
    guide_door: ({ door }) => (door === "sandbox" ? view : set({ door: door as Door, step: "address" })),
    guide_finish: () => set({ finished: true }),
    understand: ({ text }) => made.understandingOf(text as string),
    try_address: () => test({ step: "test" }),
    take_find: ({ find }) =>
      find === "command_line_login"
        ? set({ door: "make", step: "address", account: { email: "ada@example.org", kept: "session" } })
        : test({ step: "test" }),
    account_login: ({ email, key, remember }) => {
      if (key === "wrong") throw refused;
      set({ account: { email: email as string, kept: remember ? "keychain" : "session" } });
      return account();
    },
    account_databases: account,
    account_forget: () => set({ account: null }),
    regions: () => made.regions,
    choose_database: () => test({ step: "test" }),
    create_database: ({ new: wanted }) => make(wanted as NewDatabase),
    cancel_making: () => set({ making: null }),
    temporary_database: () =>
      test({ step: "test", temporary: { claim: true, ends: Date.now() + 72 * HOUR } }),
    test_connection: () => test({ kept: view.kept }),
    test_use_tls: () => test(),
    test_report: () => "Heliograph's connection test",
    keep_address: ({ keep: where }) => keep(where as Keep),
    preview_names: ({ me, peers }) => {
      const trouble = made.namesTrouble(me as string, peers as string[]);
      if (trouble) throw trouble;
      return made.channelsOf(me as string, peers as string[]);
    },
    set_names: ({ me, peers }) =>
      (settings = { ...settings, agents: { me: me as string, peers: peers as string[] } }),
    kit: () => ({ ...made.kit, local: what === "local" }),
    reveal_address: () => `rediss://default:${made.SECRET}@calm-owl-12345.upstash.io:6379`,
    copy_kit: ({ part }) => (part === "environment" ? 30 : 0),
    ping_helios: () => {
      setTimeout(() => set({ ping: { state: "answered", round_trip_ms: 84 } }), 900);
      return set({ ping: { state: "asked" } });
    },
    settings: () => settings,
    default_settings: () => made.settings,
    change_settings: ({ after }) => (settings = after as Settings),
    usage: () => usageOf((query.get("usage") ?? "quiet") as Case, settings),
    usage_what_if: ({ settings: wanted }) =>
      whatIfOf(wanted as WhatIf, query.get("usage") === "paid" ? 0.2 : 0),
    plan_fleet: ({ fleet }) => fleetPlanOf(fleet as Fleet),
    plan_example: () => example,
    export_usage: () => "/home/ada/Downloads/heliograph-usage-2026-11-25.csv",
    computer: () => computer,
    set_autostart: ({ on }) => (computer = { ...computer, autostart: on as boolean }),
    possessions: () => made.possessions,
    about: () => made.about,
    diagnostics: () => "Heliograph 0.1.0",
  };
  return commands;
}
