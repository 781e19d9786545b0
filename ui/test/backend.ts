/** The Rust side as the tests see it: a few rows, and a record of what was asked for. */
import { emit } from "@tauri-apps/api/event";
import { mockIPC, mockWindows } from "@tauri-apps/api/mocks";

import type { Condition } from "../src/bindings/Condition";
import type { Detail } from "../src/bindings/Detail";
import type { Event } from "../src/bindings/Event";
import type { Fleet } from "../src/bindings/Fleet";
import type { GuideView } from "../src/bindings/GuideView";
import type { ListRequest } from "../src/bindings/ListRequest";
import type { Place } from "../src/bindings/Place";
import type { Row } from "../src/bindings/Row";
import type { WhatIf } from "../src/bindings/WhatIf";
import { guide } from "../src/lib/guide.svelte";
import { rotation } from "../src/lib/rotation.svelte";
import type { RotationView } from "../src/bindings/RotationView";
import { settingsFor } from "../src/dev/rotating";
import { receipts, views } from "../src/dev/rotation";
import * as made from "../src/dev/setup";
import { example, fleetPlanOf, usageOf, whatIfOf } from "../src/dev/usage";
import { detailOf, feedOf, rowOf, snapshotOf } from "../src/dev/world";

export type Call = { command: string; args: Record<string, unknown> };

export type World = {
  rows?: Row[];
  details?: (row: Row) => Detail;
  condition?: Condition;
  sandbox?: boolean;
  place?: Place;
  guide?: GuideView;
  rotation?: RotationView;
  /** Answers of its own, by command. */
  answers?: Record<string, (args: Record<string, unknown>) => unknown>;
  fails?: Record<string, unknown>;
};

const guided = new Set(
  (
    "guide_go guide_door guide_finish try_address take_find account_forget choose_database create_database " +
    "cancel_making temporary_database test_connection test_use_tls keep_address ping_helios"
  ).split(" "),
);

const rotated = new Set(
  (
    "rotation_check rotation_begin rotation_give_address rotation_again rotation_finish rotation_undo " +
    "rotation_test_handover rotation_confirm_key"
  ).split(" "),
);

/** Rows with the newest first, as a list has them. */
export function someRows(many: number, now = Date.now()): Row[] {
  return Array.from({ length: many }, (_, back) => rowOf(many - back, many, now));
}

export function backend(world: World = {}) {
  const rows = world.rows ?? someRows(12);
  const view = world.rotation ?? views.usual;
  const calls: Call[] = [];
  const find = (seq: unknown) => rows.find((row) => row.seq === seq)!;
  const open = (row: Row) => row.state === "new" || row.state === "accepted";

  const answer = (request: ListRequest) => {
    const anchor = request.anchor ?? rows[0]?.seq ?? 0;
    const fits = rows.filter((row) => request.filter !== "open" || open(row));
    const list = fits.filter((row) => row.seq <= anchor);
    return {
      anchor,
      total: list.length,
      newer: fits.length - list.length,
      offset: request.offset,
      rows: list.slice(request.offset, request.offset + request.limit),
    };
  };

  const answers: Record<string, (args: Record<string, unknown>) => unknown> = {
    get_snapshot: () =>
      snapshotOf(
        world.condition ?? "connected",
        world.sandbox ?? false,
        rows.filter(open).length,
        Date.now(),
      ),
    opening: () => world.place ?? { page: "inbox", task: null },
    list: ({ request }) => answer(request as ListRequest),
    detail: ({ seq }) => (world.details ?? detailOf)(find(seq)),
    reply: ({ seq }) => detailOf({ ...find(seq), state: "done", unread: false }),
    feed: () => feedOf(Date.now()),
    guide: () => world.guide ?? made.guideOf("computer", { finished: true }),
    understand: ({ text }) => made.understandingOf(text as string),
    account_databases: () => made.databases,
    regions: () => made.regions,
    preview_names: ({ me, peers }) => {
      const trouble = made.namesTrouble(me as string, peers as string[]);
      if (trouble) throw trouble;
      return made.channelsOf(me as string, peers as string[]);
    },
    kit: () => made.kit,
    settings: () => (world.rotation ? settingsFor(made.settings, view.handover) : made.settings),
    rotation: () => rotation.view ?? view,
    rotation_receipts: () => receipts,
    default_settings: () => made.settings,
    // Over the wire comes another object, as from Rust.
    change_settings: ({ after }) => structuredClone(after),
    set_names: ({ me, peers }) => ({ ...made.settings, agents: { me, peers } }),
    usage: () => usageOf("busy", made.settings, Date.UTC(2026, 10, 25, 12)),
    usage_what_if: ({ settings }) => whatIfOf(settings as WhatIf),
    plan_fleet: ({ fleet }) => fleetPlanOf(fleet as Fleet),
    plan_example: () => example,
    computer: () => made.computer,
    set_autostart: ({ on }) => ({ ...made.computer, autostart: on }),
    possessions: () => made.possessions,
    about: () => made.about,
    ...world.answers,
  };

  mockWindows("main");
  mockIPC(
    (command, args) => {
      const given = (args ?? {}) as Record<string, unknown>;
      calls.push({ command, args: given });
      if (world.fails && command in world.fails) return Promise.reject(world.fails[command]);
      const answer = answers[command]?.(given);
      // A command of the guide or of a rotation that has no answer of its own leaves it as it was.
      if (answer === undefined && guided.has(command)) return guide.view;
      if (answer === undefined && rotated.has(command)) return rotation.view;
      return answer ?? null;
    },
    { shouldMockEvents: true },
  );

  return {
    rows,
    calls,
    of: (command: string) => calls.filter((call) => call.command === command).map((call) => call.args),
    tell: (event: Event) => emit("heliograph", event),
  };
}
