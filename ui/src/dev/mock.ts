/** Stands in for the Rust side in a plain browser. Only `--mode mock` loads it. */
import { emit } from "@tauri-apps/api/event";
import { mockIPC, mockWindows } from "@tauri-apps/api/mocks";

import type { Condition } from "../bindings/Condition";
import type { Event } from "../bindings/Event";
import type { Filter } from "../bindings/Filter";
import type { ListPage } from "../bindings/ListPage";
import type { ListRequest } from "../bindings/ListRequest";
import type { Page } from "../bindings/Page";
import type { ReplyStatus } from "../bindings/ReplyStatus";
import type { Row } from "../bindings/Row";
import type { Settings } from "../bindings/Settings";
import type { TaskState } from "../bindings/TaskState";
import type { Trouble } from "../bindings/Trouble";
import { rehearsal } from "./rehearsal";
import { usageOf, type Case } from "./usage";
import { rotating, settingsFor } from "./rotating";
import { detailOf, feedOf, rowOf, snapshotOf } from "./world";

const ANSWER_TAKES = 15;
/** What each command named in `?fails=` says. */
const unwilling: Trouble = {
  code: "not_possible",
  message: "The made-up world refuses this, because its address says so.",
  remedy: "Take the command out of “fails”.",
};

export function pretend(query: URLSearchParams): void {
  const start = Date.now();
  const condition = (query.get("condition") ?? "connected") as Condition;
  const changed = new Map<number, Partial<Row>>();
  const born = Number(query.get("rows") ?? 100_000);
  let newest = born;

  const row = (seq: number): Row => {
    const fresh = seq > born;
    const base = fresh ? rowOf(born, born, start + (seq - born)) : rowOf(seq, born, start);
    return {
      ...base,
      ...(fresh ? { seq, received_at: start, title: `New task ${seq}` } : {}),
      ...changed.get(seq),
    };
  };
  const shown = (request: ListRequest, seq: number): boolean => {
    const one = row(seq);
    const words = request.search.toLowerCase();
    return (
      belongs(one, request.filter) && (!words || `${one.title} ${one.preview}`.toLowerCase().includes(words))
    );
  };
  const tell = (event: Event) => void emit("heliograph", event);
  const state = () => {
    const count = Array.from({ length: Math.min(newest, 60) }, (_, i) => row(newest - i));
    const snapshot = snapshotOf(
      condition,
      query.has("sandbox"),
      count.filter((one) => belongs(one, "open")).length,
      start,
    );
    if (query.has("usage")) snapshot.saving = usageOf(query.get("usage") as Case).saving.level;
    snapshot.counts.unread = count.filter((one) => one.unread).length;
    return snapshot;
  };
  const touch = (seq: number, change: Partial<Row>) => {
    changed.set(seq, { ...changed.get(seq), ...change });
    tell({ type: "inbox", newest });
    tell({ type: "state", snapshot: state() });
  };
  const answer = (request: ListRequest): ListPage => {
    const anchor = request.anchor ?? newest;
    const all: number[] = [];
    for (let seq = anchor; seq > 0; seq--) if (shown(request, seq)) all.push(seq);
    let newer = 0;
    for (let seq = newest; seq > anchor; seq--) if (shown(request, seq)) newer += 1;
    const rows = all.slice(request.offset, request.offset + request.limit).map(row);
    return { anchor, total: all.length, newer, offset: request.offset, rows };
  };
  const arrive = (many: number) => {
    newest += many;
    tell({ type: "inbox", newest });
    tell({ type: "state", snapshot: state() });
  };

  const keys = rotating(query, tell);
  const guided = rehearsal(query, tell, (settings) => settingsFor(settings, keys.handover));

  const commands: Record<string, (args: Record<string, unknown>) => unknown> = {
    get_snapshot: state,
    opening: () => ({
      page: (query.get("page") ?? "inbox") as Page,
      task: query.has("task") ? Number(query.get("task")) : null,
    }),
    list: ({ request }) => answer(request as ListRequest),
    detail: ({ seq }) => detailOf(row(seq as number)),
    mark_read: ({ seq }) => touch(seq as number, { unread: false }),
    mark_all_read: () => [newest, newest - 1].forEach((seq) => touch(seq, { unread: false })),
    reply: ({ seq, status, text }) => {
      touch(seq as number, { state: stateAfter(status as ReplyStatus), heard: true, answer: text as string });
      return detailOf(row(seq as number));
    },
    feed: () => feedOf(start),
    sandbox_helios: ({ act }) => arrive(act === "burst" ? 12 : 1),
    ...guided,
    ...keys.commands,
    change_settings: (wanted) => {
      keys.settled(wanted["after"] as Settings);
      return guided["change_settings"]?.(wanted);
    },
  };

  if (query.has("axe")) void import("./axe").then(({ report }) => report(query));

  mockWindows("main");
  mockIPC(
    async (command, args) => {
      await new Promise((done) => setTimeout(done, ANSWER_TAKES));
      if (query.get("fails")?.split(",").includes(command)) throw unwilling;
      return commands[command]?.((args ?? {}) as Record<string, unknown>) ?? null;
    },
    { shouldMockEvents: true },
  );
  Object.assign(window, { arrive });
}

function belongs(row: Row, filter: Filter): boolean {
  const open = row.state === "new" || row.state === "accepted";
  if (filter === "all") return true;
  if (filter === "feed") return row.state === null;
  return row.state !== null && open === (filter === "open");
}

function stateAfter(status: ReplyStatus): TaskState {
  return status === "received" ? "new" : status;
}
