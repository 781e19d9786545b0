/** Made-up changes of the database's key, for looking at the page Keys and for its tests. */
import type { HandoverView } from "../bindings/HandoverView";
import type { KeyAge } from "../bindings/KeyAge";
import type { PreflightFinding } from "../bindings/PreflightFinding";
import type { RotationAsk } from "../bindings/RotationAsk";
import type { RotationReceipt } from "../bindings/RotationReceipt";
import type { RotationStep } from "../bindings/RotationStep";
import type { RotationStepView } from "../bindings/RotationStepView";
import type { RotationView } from "../bindings/RotationView";
import type { StepState } from "../bindings/StepState";
import type { Trouble } from "../bindings/Trouble";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const now = Date.now();

const words: Record<RotationStep, [string, string]> = {
  preflight: ["Look whether everything needed is there", "Everything needed is there."],
  announce: ["Tell the other agents", "Helios said that it is ready."],
  reset: ["Ask Upstash for a new key, once", "Upstash gave a new key."],
  store: [
    "Put the new key beside the old one in the keychain",
    "The new key stands in the keychain and was read back.",
  ],
  prove: [
    "Show that the new key works and the old one does not",
    "The new key logs in and hears itself; the old one is refused.",
  ],
  reconnect: [
    "Connect with the new key and read what was missed",
    "Connected with the new key; 2 messages were caught up.",
  ],
  hand_over: ["Give Helios the new key", "Sealed to Helios’s key and left in the mailbox for helios."],
  await_ack: ["Wait until Helios uses the new key", "Helios uses the new key."],
  revoke: ["Remove the old keys", "The old keys are gone, and the one from before is refused."],
  undo: ["Go back to the old key", "The new keys are gone."],
  receipt: ["Write the receipt", "The receipt is written."],
};
/** The steps where there is one password. */
export const order: RotationStep[] = (Object.keys(words) as RotationStep[]).filter(
  (step) => step !== "revoke" && step !== "undo",
);
const lengths = [412, 1830, 655, 38, 1204, 310, 2210, 41_300, 6];

/** The steps up to one that stands as said. */
export function stepsTo(at: RotationStep, state: StepState, change: Partial<RotationStepView> = {}) {
  const place = order.indexOf(at);
  return order.map((step, index): RotationStepView => {
    const done = index < place || (index === place && state === "done");
    return {
      step,
      state: index < place ? "done" : index === place ? state : "waiting",
      words: words[step][done ? 1 : 0],
      began: index <= place ? Date.now() - 4000 : null,
      took: done ? lengths[index]! : null,
      ...(index === place ? change : {}),
    };
  });
}

export const goodFindings: PreflightFinding[] = (
  [
    ["address", "It is the key of calm-owl-12345.upstash.io:6379."],
    ["api_key", "The API key works."],
    ["database", "The database is heliograph."],
    ["active", "The database is active."],
    ["credentials", "Upstash and this computer have the same key."],
    ["keychain", "The keychain can be written, read and emptied."],
    ["disk", "The disk can be written."],
    ["alone", "Nobody else is changing the key."],
    ["link", "The other agents can be told."],
    ["helios", "Helios was heard lately."],
    ["handover", "The new address is sealed to Helios’s public key and left in the mailbox."],
    ["elsewhere", "The address stands in the keychain alone."],
  ] as const
).map(([kind, words]) => ({ kind, weight: "good", words, consequence: "" }));

const instead = (...findings: PreflightFinding[]) =>
  goodFindings.map((good) => findings.find((finding) => finding.kind === good.kind) ?? good);

export const warnedFindings = instead(
  {
    kind: "helios",
    weight: "warning",
    words: "Helios was not heard lately.",
    consequence: "It will be cut off until it has the new address.",
  },
  {
    kind: "handover",
    weight: "warning",
    words: "You copy the new address to where Helios runs.",
    consequence: "Helios will be cut off until you paste the new address there.",
  },
);

export const barredFindings = instead(
  {
    kind: "api_key",
    weight: "bars",
    words: "Upstash does not know this e-mail with this key.",
    consequence: "Look at both in the console: Account → Management API.",
  },
  warnedFindings.find((finding) => finding.kind === "handover")!,
);

export const leak: PreflightFinding = {
  kind: "leak",
  weight: "warning",
  words: "The key stands in /home/ada/.local/state/heliograph/logs/heliograph.log.",
  consequence: "It is worthless once it is changed. Look how it got there before the new one does.",
};

const asked: Record<RotationAsk, Trouble> = {
  address: {
    code: "password_refused",
    message: "The key was changed, and Upstash does not hand out the new one.",
    remedy:
      "Open the database in the Upstash console, copy its address and paste it here. It is tried before it is used.",
  },
  keychain: {
    code: "keychain_locked",
    message: "The new key waits for the keychain. The keychain of this computer is locked.",
    remedy: "Unlock the keychain. It goes on by itself then; do not quit Heliograph before.",
  },
  network: {
    code: "unreachable",
    message: "It is not known yet which key the database has: nobody answers.",
    remedy: "It goes on by itself when the network is back.",
  },
  hand_over: {
    code: "not_possible",
    message: "Helios does not have the new key yet, and is cut off until then.",
    remedy:
      "Copy the new address and set it where Helios runs. This turns green when Helios is heard with it.",
  },
};

export const FINGERPRINT = "3f9a 07c4 d1e8 5b62";
export const PUBLIC_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

export const handovers: Record<"sealed" | "bare" | "offered" | "command" | "by_hand", HandoverView> = {
  sealed: {
    way: "sealed",
    ready: true,
    words: "The new address is sealed to Helios’s public key and left in the mailbox.",
    key_fingerprint: FINGERPRINT,
    offered: null,
    command: [],
    tested: { at: now - 3 * MINUTE, worked: true, words: "Left in the mailbox for helios." },
  },
  bare: {
    way: "sealed",
    ready: false,
    words: "Helios’s public key is not known, so nothing can be sealed to it.",
    key_fingerprint: null,
    offered: null,
    command: [],
    tested: null,
  },
  offered: {
    way: "by_hand",
    ready: false,
    words: "You copy the new address to where Helios runs.",
    key_fingerprint: null,
    offered: { from: "helios", public_key: PUBLIC_KEY, fingerprint: FINGERPRINT },
    command: [],
    tested: null,
  },
  command: {
    way: "command",
    ready: true,
    words: "Your command gets the new address on its standard input.",
    key_fingerprint: null,
    offered: null,
    command: ["/usr/local/bin/set-secret", "--app", "helios in the cloud", "UPSTASH_REDIS_URL"],
    tested: {
      at: now - 8 * MINUTE,
      worked: false,
      words: "It ended with status 1. It said: set-secret: not logged in",
    },
  },
  by_hand: {
    way: "by_hand",
    ready: false,
    words: "You copy the new address to where Helios runs.",
    key_fingerprint: null,
    offered: null,
    command: [],
    tested: null,
  },
};

export const ages: KeyAge[] = [
  { kind: "database", since: now - 18.1 * DAY, due_in: 12, steps: [] },
  {
    kind: "api",
    since: now - 44.1 * DAY,
    due_in: 46,
    steps: [
      "Open the Upstash console: Account → Management API, and make a new key.",
      "Enter it in Heliograph: Settings → Security → Replace it → Make one for me. It is tried before it is kept.",
      "Delete the old one in the console.",
    ],
  },
  {
    kind: "github",
    since: now - 93.1 * DAY,
    due_in: -3,
    steps: [
      "Make a new fine-grained token for the repository alone, with Issues: Read and write.",
      "Enter it in Settings → Mailbox, and press Check it.",
      "Delete the old one at GitHub.",
    ],
  },
  {
    kind: "sealing",
    since: now - 5.1 * DAY,
    due_in: 85,
    steps: [
      "Let heliograph.py make a new key pair where Helios runs.",
      "Paste its public key here and compare the fingerprint.",
    ],
  },
];

export const receipts: RotationReceipt[] = [
  {
    id: "0190f3a2-7c11-7d33-9a6e-000000000003",
    begun: now - 18 * DAY,
    ended: now - 18 * DAY + 48_000,
    reason: "monthly",
    plan: "one_password",
    outcome: "done",
    outage_ms: 2140,
    old: "9c41e07b",
    new: "1fd2a6c8",
    acknowledged: { by: "helios", at: now - 18 * DAY + 44_000 },
    handed_over: {
      way: "sealed",
      worked: true,
      words: "Sealed to Helios’s key and left in the mailbox for helios.",
    },
    notes: ["2 messages were caught up."],
  },
  {
    id: "0190f3a2-7c11-7d33-9a6e-000000000002",
    begun: now - 46 * DAY,
    ended: now - 46 * DAY + 9000,
    reason: "asked",
    plan: "one_password",
    outcome: "unchanged",
    outage_ms: null,
    old: "9c41e07b",
    new: null,
    acknowledged: null,
    handed_over: null,
    notes: ["Upstash did not change the key: the API key was refused."],
  },
  {
    id: "0190f3a2-7c11-7d33-9a6e-000000000001",
    begun: now - 48 * DAY,
    ended: now - 48 * DAY + 23 * MINUTE,
    reason: "may_have_leaked",
    plan: "one_password",
    outcome: "done",
    outage_ms: 95_400,
    old: "e3b0c442",
    new: "9c41e07b",
    acknowledged: { by: null, at: now - 48 * DAY + 23 * MINUTE },
    handed_over: { way: "command", worked: false, words: "It ended with status 1. It said: not logged in" },
    notes: [leak.words],
  },
];

const usual: RotationView = {
  running: false,
  id: null,
  reason: null,
  plan: "one_password",
  steps: [],
  outcome: null,
  words: "",
  asks: null,
  can_undo: false,
  offers_users: false,
  users_words: "",
  checking: false,
  findings: [],
  helios_behind_since: null,
  due: { since: now - 18.1 * DAY, days: 12, every: 30 },
  last: receipts[0]!,
  ages,
  handover: handovers.sealed,
};

const under = (
  at: RotationStep,
  state: StepState,
  change: Partial<RotationView> = {},
  step: Partial<RotationStepView> = {},
): RotationView => ({
  ...usual,
  running: true,
  id: "0190f3a2-7c11-7d33-9a6e-000000000004",
  reason: "asked",
  steps: stepsTo(at, state, step),
  words: words[at][0] + ".",
  ...change,
});
const asks = (what: RotationAsk, at: RotationStep, change: Partial<RotationView> = {}) =>
  under(at, "asks", { asks: { what, words: asked[what] }, ...change });
const ended = (
  outcome: NonNullable<RotationView["outcome"]>,
  text: string,
  change: Partial<RotationView>,
) => ({
  ...under("receipt", "done"),
  running: false,
  outcome,
  words: text,
  ...change,
});

/** A picture of every state in which a person may find the page. */
export const views = {
  usual,
  fresh: {
    ...usual,
    due: { since: null, days: null, every: 30 },
    last: null,
    ages: [],
    handover: handovers.by_hand,
  },
  soon: { ...usual, due: { since: now - 28.1 * DAY, days: 2, every: 30 } },
  overdue: { ...usual, due: { since: now - 41.1 * DAY, days: -11, every: 30 } },
  checking: { ...usual, checking: true },
  bare: { ...usual, handover: handovers.bare },
  offered: { ...usual, handover: handovers.offered },
  command: { ...usual, handover: handovers.command },
  by_hand: { ...usual, handover: handovers.by_hand },
  running: under("prove", "running"),
  leaked: under("reset", "running", { reason: "may_have_leaked", findings: [...goodFindings, leak] }),
  address: asks("address", "reset"),
  keychain: asks("keychain", "store"),
  network: asks("network", "reset"),
  hand_over: asks("hand_over", "await_ack", {
    handover: handovers.by_hand,
    helios_behind_since: now - 4 * MINUTE,
    steps: stepsTo("await_ack", "asks").map((step) =>
      step.step === "hand_over"
        ? { ...step, state: "warned" as const, words: "You copy the new address to where Helios runs." }
        : step,
    ),
  }),
  behind: under("await_ack", "running", { helios_behind_since: now - 17 * MINUTE }),
  overlap: under("await_ack", "running", {
    plan: "overlap",
    can_undo: true,
    helios_behind_since: now - MINUTE,
  }),
  done: ended("done", "The key was changed. The old one no longer works.", {}),
  unchanged: ended(
    "unchanged",
    "Upstash did not change the key: the API key was refused. The key in use still works.",
    {
      steps: stepsTo("reset", "failed", {
        took: 640,
        words: "Upstash did not change the key: the API key was refused.",
      }).map((step) => (step.state === "waiting" ? { ...step, state: "skipped" as const } : step)),
    },
  ),
  adopted: ended("adopted", "Another computer had changed the key. This one uses the new one.", {
    reason: "followed",
  }),
  undone: ended("undone", "The change was taken back. The key in use is the one from before.", {}),
} satisfies Record<string, RotationView>;

export type Case = keyof typeof views;
