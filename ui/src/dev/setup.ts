/** Made-up pictures of the set-up and the settings, for looking at the pages and for their tests. */
import type { AboutView } from "../bindings/AboutView";
import type { AccountDatabases } from "../bindings/AccountDatabases";
import type { ChannelView } from "../bindings/ChannelView";
import type { Check } from "../bindings/Check";
import type { ComputerView } from "../bindings/ComputerView";
import type { GuideView } from "../bindings/GuideView";
import type { Kit } from "../bindings/Kit";
import type { Possession } from "../bindings/Possession";
import type { Regions } from "../bindings/Regions";
import type { Settings } from "../bindings/Settings";
import type { Step } from "../bindings/Step";
import type { Trouble } from "../bindings/Trouble";
import type { Understanding } from "../bindings/Understanding";

export const SECRET = "AYNgAS2553feg6a2d9842h2a0gcdb5f8efe9934DQ";
const HOST = "calm-owl-12345.upstash.io";
const steps: Step[] = ["where", "address", "test", "names", "helios", "computer"];

export const keychainLocked: Trouble = {
  code: "keychain_locked",
  message: "The keychain of this computer is locked, and the question to unlock it was closed.",
  remedy: "Unlock it and try again, or use the address for this session only.",
};

/** The guide at a step, with all before it done. */
export function guideOf(step: Step, change: Partial<GuideView> = {}): GuideView {
  const place = steps.indexOf(step);
  const later = place >= 2;
  return {
    step,
    finished: false,
    unfinished: false,
    done: steps.slice(0, place),
    door: place > 0 ? "paste" : null,
    found: [],
    address: later ? { host: HOST, port: 6379, user: null, tls: true, password: true } : null,
    kept: place > 2 ? "keychain" : null,
    temporary: null,
    keychain: null,
    account: null,
    database: null,
    making: null,
    checks: [],
    testing: false,
    verdict: change.testing ? "running" : (verdicts.get(change.checks) ?? "none"),
    cost: 0,
    ping: { state: "none" },
    ...change,
  };
}

const good = (kind: Check["kind"], title: string, took_ms: number, detail: string | null = null): Check => ({
  kind,
  outcome: "good",
  title,
  detail,
  took_ms,
  trouble: null,
  help: null,
});

/** A test that went well. */
export const goodChecks: Check[] = [
  good("name", `${HOST} found`, 12, "Two addresses"),
  good("reach", "Port 6379 answers", 39),
  good("encryption", "Encrypted connection", 41, "Certificate of *.upstash.io, valid until 3 February 2027"),
  good("log_in", "Password accepted", 22),
  good("round_trip", "Round trip", 21, "median of five"),
  good("read_write", "Reads, writes and deletes", 64),
  good("hear", "Hears its own message", 43, "on a throwaway channel with → in its name"),
  good("streams", "Streams work", 66),
  good("rights", "May use all channels", 22),
  { ...good("plan", "Plan not known", 0), outcome: "skipped", took_ms: null, detail: "Needs the API key" },
];

const failed = (check: Check, change: Partial<Check>): Check => ({ ...check, outcome: "failed", ...change });
const untried: Partial<Record<Check["kind"], string>> = {
  log_in: "Log-in",
  read_write: "Reading and writing",
  hear: "Hearing its own message",
  streams: "Streams",
  rights: "Rights",
};
const plainly = (check: Check): Check => ({
  ...check,
  title: untried[check.kind] ?? check.title,
  detail: null,
  took_ms: null,
});
const skipped = (check: Check): Check => ({ ...plainly(check), outcome: "skipped" });

/** A test in which the sending is not allowed; the rest works. */
export const partlyChecks: Check[] = goodChecks.map((check) =>
  check.kind === "hear"
    ? failed(check, {
        title: "May not publish on helios→chad",
        detail: null,
        trouble: {
          code: "read_only_token",
          message: "This is the read-only token.",
          remedy: "Sending needs the standard one: Upstash console → your database → Token.",
        },
        help: "paste_another",
      })
    : check.kind === "streams"
      ? { ...check, outcome: "warning", title: "Streams are not there", detail: "Only the record needs them" }
      : check,
);

/** A test that ends at the encryption. */
export const badChecks: Check[] = goodChecks.map((check, place) =>
  check.kind === "encryption"
    ? failed(check, {
        title: "The database wants encryption",
        detail: null,
        trouble: {
          code: "tls_needed",
          message: "It ended the connection at once, as a server does that speaks TLS only.",
          remedy: "Use the same address with TLS.",
        },
        help: "use_tls",
      })
    : place > 2
      ? skipped(check)
      : check,
);

/** What Rust makes of these. */
export const verdicts = new Map<Check[] | undefined, GuideView["verdict"]>([
  [goodChecks, "good"],
  [partlyChecks, "partly"],
  [badChecks, "bad"],
]);

/** A test under way, with one step failed. */
export const runningChecks: Check[] = partlyChecks
  .slice(0, 8)
  .map((check, place) => (place === 7 ? { ...plainly(check), outcome: "running" } : check));

export function understandingOf(text: string): Understanding {
  const nothing: Understanding = { address: null, notes: [], trouble: null, consent: null };
  const address = { host: HOST, port: 6379, user: null, tls: true, password: true };
  if (/^https:/.test(text)) {
    return {
      ...nothing,
      trouble: {
        code: "address_unreadable",
        message: "This is the REST URL alone, without its token.",
        remedy: "Paste the token with it, or the address that begins with rediss://.",
      },
    };
  }
  if (/redis:\/\/.*@(db|nas)\./.test(text)) {
    return {
      ...nothing,
      address: { ...address, host: "nas.local", user: "chad", tls: false },
      consent:
        "Yes, connect without encryption: the password and every message can be read on the way to nas.local.",
    };
  }
  if (text.startsWith("redis://")) {
    return {
      ...nothing,
      address,
      notes: ["redis:// became rediss://, because Upstash answers only to encrypted connections."],
    };
  }
  if (/rediss:\/\/|UPSTASH_REDIS/.test(text)) return { ...nothing, address };
  return {
    ...nothing,
    trouble: {
      code: "address_unreadable",
      message: "No host could be found in this text.",
      remedy: "Paste the whole line from the console; it begins with rediss://.",
    },
  };
}

export const databases: AccountDatabases = {
  databases: [
    {
      id: "a1",
      name: "heliograph",
      region: "Singapore (ap-southeast-1)",
      plan: "Free",
      state: "active",
      usable: true,
    },
    {
      id: "b2",
      name: "orders-production",
      region: "Frankfurt (eu-central-1)",
      plan: "Pay as you go",
      state: "active",
      usable: true,
    },
    {
      id: "c3",
      name: "اختبار قديم",
      region: "Oregon (us-west-2)",
      plan: "Free",
      state: "suspended",
      usable: false,
    },
  ],
  free_taken: true,
};

export const regions: Regions = {
  all: [
    { id: "us-east-1", place: "North Virginia", platform: "aws" },
    { id: "eu-central-1", place: "Frankfurt", platform: "aws" },
    { id: "ap-southeast-1", place: "Singapore", platform: "aws" },
    { id: "us-central1", place: "Iowa", platform: "gcp" },
    { id: "asia-northeast1", place: "Tokyo", platform: "gcp" },
  ],
  suggested: "ap-southeast-1",
  reason: "Your clock is on Asia/Dhaka time; Singapore is the nearest.",
};

export function channelsOf(me: string, peers: string[]): ChannelView[] {
  return [
    ...peers.flatMap((peer): ChannelView[] => [
      { name: `${peer}→${me}`, purpose: "commands and tasks", heard: true, sent: false },
      { name: `${me}→${peer}`, purpose: "responses and status", heard: false, sent: true },
    ]),
    { name: "broadcast", purpose: "announcements to everyone", heard: true, sent: true },
    { name: `agent.${me}`, purpose: "for this agent only", heard: true, sent: false },
    { name: "heartbeat", purpose: "health checks", heard: true, sent: true },
  ];
}

/** What Rust says of a name that cannot be, or nothing. */
export function namesTrouble(me: string, peers: string[]): Trouble | null {
  const wrong = [me, ...peers].find((name) => name === "" || /\s|→/.test(name));
  if (wrong === undefined) return null;
  return {
    code: "not_possible",
    message: wrong === "" ? "A name is empty." : `“${wrong}” has a blank or an arrow in it.`,
    remedy: "Use letters, digits, dots and dashes.",
  };
}

export const kit: Kit = {
  environment: `UPSTASH_REDIS_URL=rediss://default:PASSWORD@${HOST}:6379`,
  send: [
    "import json, os, redis, uuid",
    "",
    'r = redis.from_url(os.environ["UPSTASH_REDIS_URL"])',
    "p = r.pubsub(ignore_subscribe_messages=True)",
    'p.subscribe("chad→helios")',
    'r.publish("helios→chad", json.dumps({',
    '    "from": "helios", "type": "task", "id": str(uuid.uuid4()),',
    '    "data": {"what": "Say hello"},',
    "}))",
    "for message in p.listen():",
    '    print(json.loads(message["data"]))',
  ].join("\n"),
  listen: [
    "import json, os, redis",
    "",
    'r = redis.from_url(os.environ["UPSTASH_REDIS_URL"])',
    "p = r.pubsub(ignore_subscribe_messages=True)",
    'p.subscribe("chad→helios", "broadcast", "heartbeat")',
    "for message in p.listen():",
    '    print(message["channel"].decode(), json.loads(message["data"]))',
  ].join("\n"),
  test: `redis-cli --tls -u "$UPSTASH_REDIS_URL" PUBLISH 'helios→chad' '{"from":"helios","type":"task","data":{"what":"Say hello"}}'`,
  local: false,
};

export const settings: Settings = {
  agents: { me: "chad", peers: ["helios"] },
  heartbeat: { every: 120 },
  replies: { received: true },
  record: { write: true, keep: 1000 },
  mailbox: { repository: "", allowed: [] },
  notifications: {
    one_by_one: 3,
    types: ["task", "alert"],
    least: "low",
    hide_contents: false,
    quiet: { on: false, from: "22:00", until: "07:00", urgent: true },
  },
  reminders: { rotate: true, rotate_days: 30, renew_days: 90 },
  rotation: { handover: "by_hand", helios_key: "", command: "" },
  inbox: { keep_days: 0, keep_most: 0 },
  usage: {
    plan: "automatic",
    slow_down: true,
    warn: true,
    keep_alive: true,
    most_commands: 0,
    prices: {
      as_of: "2026-08",
      free: {
        base: 0,
        commands: 500_000,
        per_100k_commands: 0,
        bandwidth_gb: 10,
        per_gb_bandwidth: 0,
        storage_mb: 256,
        per_gb_storage: 0,
        most_storage_mb: 256,
      },
      pay_as_you_go: {
        base: 0,
        commands: 0,
        per_100k_commands: 0.2,
        bandwidth_gb: 200,
        per_gb_bandwidth: 0.03,
        storage_mb: 1000,
        per_gb_storage: 0.25,
        most_storage_mb: 100_000,
      },
      fixed: {
        base: 10,
        commands: 0,
        per_100k_commands: 0,
        bandwidth_gb: 50,
        per_gb_bandwidth: 0,
        storage_mb: 250,
        per_gb_storage: 0,
        most_storage_mb: 250,
      },
    },
  },
};

const { prices } = settings.usage;

/** The same, with some of the prices corrected. */
export const correctedSettings: Settings = {
  ...settings,
  usage: {
    ...settings.usage,
    prices: {
      ...prices,
      as_of: "2026-10",
      free: { ...prices.free, commands: 600_000 },
      fixed: { ...prices.fixed, base: 12.5, per_gb_bandwidth: 0.1 },
    },
  },
};

export const computer: ComputerView = {
  autostart: true,
  autostart_trouble: null,
  desktop: "GNOME",
  notification_help: [
    "Settings → Notifications: Heliograph must be on the list, and switched on.",
    "“Do not disturb” must be off; its switch is in the calendar at the top of the screen.",
  ],
  concealed_copy: true,
};

export const possessions: Possession[] = [
  { what: "The database’s address, in the keychain", place: "io.github.heliograph.Heliograph / database" },
  { what: "The entry for the login", place: "~/.config/autostart/heliograph.desktop" },
  { what: "All messages", place: "~/.local/share/heliograph/inbox.sqlite" },
  { what: "The settings", place: "~/.config/heliograph/config.toml" },
  { what: "The logs", place: "~/.local/state/heliograph/logs" },
];

export const about: AboutView = {
  version: "0.1.0",
  parts: ["Tauri 2.12.5", "redis 1.2.0", "SQLite 3.51.0", "Svelte 5"],
  licence: "MIT OR Apache-2.0",
  folders: possessions.slice(2).map(({ what, place }) => ({ what, place })),
};
