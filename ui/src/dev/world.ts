/** A made-up world for looking at the pages in a browser: rows and snapshots, without any Rust. */
import type { Condition } from "../bindings/Condition";
import type { Detail } from "../bindings/Detail";
import type { FeedItem } from "../bindings/FeedItem";
import type { MailboxView } from "../bindings/MailboxView";
import type { LinkState } from "../bindings/LinkState";
import type { Row } from "../bindings/Row";
import type { Snapshot } from "../bindings/Snapshot";
import type { TaskState } from "../bindings/TaskState";
import type { Trouble } from "../bindings/Trouble";

const MINUTE = 60_000;
const titles: [string, string][] = [
  ["Rebuild the staging index", "shard 7 fails checksum after the move"],
  ["Summarise yesterday’s calls", "6 recordings in /calls/2026-11-22"],
  ["Renew the TLS certificate", "due tomorrow"],
  ["Compress the photo archive", "41 GB saved"],
  ["Post the weekly report", "Wait for the numbers of November"],
  ["Check disk health", "all four drives are well"],
  ['<img src=x onerror="alert(1)"> is only text', "<script>alert(2)</script>"],
  ["راجع التقرير الأسبوعي قبل الاجتماع", "report-17.pdf"],
];
const ended: TaskState[] = ["done", "declined", "done", "failed", "expired", "done"];

export function rowOf(seq: number, newest: number, now: number): Row {
  const back = newest - seq;
  const [title, preview] = titles[back % titles.length] ?? ["", ""];
  const task = back < 12 || back % 5 !== 4;
  const state = !task
    ? null
    : back < 3
      ? back === 2
        ? "accepted"
        : "new"
      : (ended[back % ended.length] ?? "done");
  const answered = state === "done" || state === "failed" || state === "declined";
  const age = back < 3 ? [2, 14, 96][back]! * MINUTE : back * 47 * MINUTE;
  return {
    seq,
    from: "helios",
    channel: "helios→chad",
    kind: task ? "task" : back % 15 === 4 ? "alert" : "status",
    title,
    preview,
    priority: back === 0 ? "urgent" : back % 11 === 8 ? "low" : "normal",
    received_at: now - age,
    expires_at: back === 0 ? now + 58 * MINUTE + 5000 : null,
    state,
    unread: back < 2,
    heard: answered ? back % 4 !== 1 : null,
    answer: answered ? preview : null,
    ways: ["live"],
    gaps_after:
      back === 3 || back % 40 === 39
        ? [{ from: now - age + 3 * MINUTE, until: now - age + 37 * MINUTE, cause: "asleep" }]
        : [],
  };
}

export function detailOf(row: Row): Detail {
  const data = { what: row.title, index: "staging-7", snapshot: "2026-11-22T23:00:00Z", compare: true };
  return {
    row,
    id: `0190f3a2-7c11-7d33-9a6e-${row.seq}`,
    reply_to: null,
    login: null,
    doubt: null,
    sent_at: row.received_at - 200,
    fields: [
      {
        name: "what",
        value: `${row.title}: take the last good snapshot, then compare the counts.`,
        machine: false,
      },
      { name: "index", value: data.index, machine: true },
      { name: "snapshot", value: data.snapshot, machine: true },
      { name: "compare", value: "true", machine: true },
    ],
    extra: [{ name: "trace", value: "7f3c9b1e", machine: true }],
    raw: JSON.stringify({ from: row.from, type: row.kind, data, trace: "7f3c9b1e" }, null, 2),
    raw_cut: false,
    bytes: 214,
    timeline: [
      { at: row.received_at, kind: "arrived", text: "Arrived, stored, notified" },
      { at: row.received_at + 40, kind: "heard", text: "Helios knows it was received" },
    ],
    actions:
      row.state === "new"
        ? ["accepted", "done", "failed", "declined"]
        : row.state === "accepted"
          ? ["done", "failed", "declined"]
          : [],
  };
}

export function feedOf(now: number): FeedItem[] {
  return Array.from({ length: 24 }, (_, back) => {
    const out = back % 3 === 1;
    const beat = back % 4 !== 0;
    return {
      at: now - (24 - back) * 37_000,
      direction: out ? ("out" as const) : ("in" as const),
      channel: beat ? "heartbeat" : out ? "chad→helios" : "helios→chad",
      from: out ? "chad" : "helios",
      kind: beat ? "heartbeat" : out ? "response" : "task",
      summary: beat ? "online" : (titles[back % titles.length]?.[0] ?? ""),
      seq: !beat && !out ? 100_000 - (back % 3) : null,
    };
  });
}

const refused: Trouble = {
  code: "password_refused",
  message: "The database does not accept the password any more; somebody may have changed it.",
  remedy: "Copy the new address from the Upstash console into UPSTASH_REDIS_URL and start Heliograph again.",
};
const away: Trouble = {
  code: "unreachable",
  message: "Nothing answers at calm-owl-12345.upstash.io: the network is down.",
  remedy: "Heliograph tries again by itself.",
};

function mailboxOf(condition: Condition): MailboxView {
  const instead = condition === "via_github";
  return {
    state: instead ? "watching" : "off",
    repository: instead ? "calm-owl/mailbox" : null,
    kept: instead ? "keychain" : null,
    offered: null,
    instead,
    trouble: null,
    last_poll: instead ? Date.now() - 12_000 : null,
    counted_last_hour: instead ? 7 : 0,
  };
}

const states: Record<Condition, { link: LinkState; headline: string; trouble: Trouble | null }> = {
  setup_needed: { link: "no_address", headline: "Set-up needed", trouble: null },
  connecting: { link: "connecting", headline: "Connecting", trouble: null },
  connected: { link: "connected", headline: "Connected", trouble: null },
  helios_silent: { link: "connected", headline: "Helios is silent", trouble: null },
  offline: { link: "waiting", headline: "Offline", trouble: away },
  paused: { link: "connected", headline: "Connected, quiet", trouble: null },
  via_github: { link: "waiting", headline: "Via GitHub", trouble: away },
  needs_you: { link: "stopped", headline: "Needs you", trouble: refused },
};

export function snapshotOf(condition: Condition, sandbox: boolean, open: number, now: number): Snapshot {
  const { link, headline, trouble } = states[condition];
  const address =
    link === "no_address" ? null : sandbox ? "127.0.0.1:6390" : "calm-owl-12345.upstash.io:6379";
  return {
    version: "0.1.0",
    me: "chad",
    peers: ["helios"],
    sandbox,
    condition,
    headline,
    link: {
      state: link,
      since: now - 3 * 60 * MINUTE,
      address,
      tls: address !== null,
      source: address === null ? null : sandbox ? "sandbox" : "environment",
      round_trip_ms: link === "connected" ? 38 : null,
      trouble,
      next_try: link === "waiting" ? now + 24_000 : null,
      attempts: link === "waiting" ? 3 : 0,
      channels: [
        { name: "helios→chad", purpose: "commands and tasks", heard: true, sent: false },
        { name: "chad→helios", purpose: "responses and status", heard: false, sent: true },
        { name: "broadcast", purpose: "announcements to everyone", heard: true, sent: true },
        { name: "agent.chad", purpose: "for this agent only", heard: true, sent: false },
        { name: "heartbeat", purpose: "health checks", heard: true, sent: true },
      ],
      waiting_to_send: link === "waiting" ? 2 : 0,
    },
    agents: [
      {
        name: "helios",
        peer: true,
        presence: condition === "helios_silent" ? "silent" : address ? "alive" : "unknown",
        last_heard: address ? now - (condition === "helios_silent" ? 17 * MINUTE : 40_000) : null,
        interval_s: address ? 120 : null,
      },
      { name: "selene", peer: false, presence: "silent", last_heard: now - 26 * 60 * MINUTE, interval_s: 60 },
    ],
    counts: { open, unread: Math.min(open, 2), unreadable: 2 },
    store_trouble: null,
    troubles:
      condition === "needs_you"
        ? [
            {
              code: "no_notification_server",
              message: "Nothing on this desktop shows notifications.",
              remedy: "Install a notification server such as dunst.",
            },
          ]
        : [],
    paused_until: condition === "paused" ? now + 50 * MINUTE : null,
    recent: [],
    earlier: false,
    saving: "usual",
    mailbox: mailboxOf(condition),
  };
}
