/** Words for every closed list the Rust side sends; each is total, so that a new value fails the build. */
import type { Choice } from "../bindings/Choice";
import type { CommandKind } from "../bindings/CommandKind";
import type { Condition } from "../bindings/Condition";
import type { Filter } from "../bindings/Filter";
import type { KnownFrom } from "../bindings/KnownFrom";
import type { Level } from "../bindings/Level";
import type { LinkState } from "../bindings/LinkState";
import type { MailboxState } from "../bindings/MailboxState";
import type { MeterKind } from "../bindings/MeterKind";
import type { Pause } from "../bindings/Pause";
import type { PlanKind } from "../bindings/PlanKind";
import type { Presence } from "../bindings/Presence";
import type { Priority } from "../bindings/Priority";
import type { ReplyStatus } from "../bindings/ReplyStatus";
import type { Row } from "../bindings/Row";
import type { Source } from "../bindings/Source";
import type { TaskState } from "../bindings/TaskState";
import type { Way } from "../bindings/Way";
import type { HeliosAct } from "../bindings/HeliosAct";
import type { Handover } from "../bindings/Handover";
import type { KeyKind } from "../bindings/KeyKind";
import type { Outcome } from "../bindings/Outcome";
import type { PreflightWeight } from "../bindings/PreflightWeight";
import type { RotationAsk } from "../bindings/RotationAsk";
import type { RotationOutcome } from "../bindings/RotationOutcome";
import type { RotationPlan } from "../bindings/RotationPlan";
import type { RotationReason } from "../bindings/RotationReason";
import type { RotationStep } from "../bindings/RotationStep";
import type { StepState } from "../bindings/StepState";

/** How a state feels; it chooses a colour, always beside a shape and a word. */
export type Tone = "ok" | "warm" | "bad" | "quiet";

export const conditionTone: Record<Condition, Tone> = {
  setup_needed: "quiet",
  connecting: "warm",
  connected: "ok",
  helios_silent: "warm",
  via_github: "warm",
  offline: "bad",
  paused: "quiet",
  needs_you: "bad",
};

export const linkWords: Record<LinkState, string> = {
  no_address: "No address",
  connecting: "Connecting",
  connected: "Connected",
  waiting: "Not connected, trying again by itself",
  stopped: "Not connected, waiting for you",
};

/** The condition whose shape a state of the link borrows. */
export const linkShape: Record<LinkState, Condition> = {
  no_address: "setup_needed",
  connecting: "connecting",
  connected: "connected",
  waiting: "offline",
  stopped: "needs_you",
};

export const sourceWords: Record<Source, string> = {
  environment: "from the environment",
  keychain: "from the keychain",
  session: "for this session only",
  sandbox: "from the sandbox",
};

export const presenceWords: Record<Presence, { word: string; tone: Tone }> = {
  unknown: { word: "Not heard yet", tone: "quiet" },
  alive: { word: "Alive", tone: "ok" },
  silent: { word: "Silent", tone: "warm" },
};

export const stateWords: Record<TaskState, string> = {
  new: "open",
  accepted: "accepted",
  done: "done",
  failed: "failed",
  declined: "declined",
  expired: "expired",
};

export const priorityWords: Record<Priority, string> = { low: "low", normal: "normal", urgent: "urgent" };

export const wayWords: Record<Way, string> = {
  live: "Live",
  record: "From the record",
  mailbox: "By GitHub",
};

export function mailboxWords(state: MailboxState): string {
  if (typeof state === "object") return "Waiting, as GitHub asked or its fault passes";
  const words: Record<Extract<MailboxState, string>, string> = {
    off: "Not in use",
    idle: "Ready, looked into now and then",
    watching: "Looked into often",
    stopped: "Stopped, waiting for you",
  };
  return words[state];
}

export const filterWords: Record<Filter, string> = {
  open: "Open",
  answered: "Answered",
  all: "All",
  feed: "Feed",
};

/** The button of each answer, and the key that presses it. */
export const replyWords: Record<ReplyStatus, { word: string; key: string | null }> = {
  received: { word: "Received", key: null },
  accepted: { word: "Accept", key: "A" },
  done: { word: "Done", key: "D" },
  failed: { word: "Failed", key: "F" },
  declined: { word: "Decline", key: "X" },
  expired: { word: "Expired", key: null },
};

export const pauseWords: Record<Pause, string> = {
  half_hour: "30 minutes",
  hour: "1 hour",
  until_morning: "Until 08:00",
  off: "Resume now",
};

export const heliosWords: Record<HeliosAct, string> = {
  task: "Send a task",
  urgent_task: "Send an urgent task",
  burst: "Send a burst",
  sleep: "Sleep",
  wake: "Wake",
  lose_key: "Lose its key",
};

export const meterWords: Record<MeterKind, string> = {
  commands: "Commands",
  bandwidth: "Bandwidth",
  storage: "Storage",
};

/** Who says how much is used, and who says where that ends. */
export const usedWords: Record<KnownFrom, string> = {
  service: "counted by Upstash",
  ours: "counted here: ours alone",
  settings: "as you set it",
  table: "by the table of plans",
};

export const limitWords: Record<KnownFrom, string> = {
  service: "limit as Upstash says",
  ours: "limit as counted here",
  settings: "limit as you set it",
  table: "limit by the table of plans",
};

export const planFromWords: Record<KnownFrom, string> = {
  service: "as Upstash says",
  ours: "as counted here",
  settings: "as you chose it",
  table: "taken for granted, as Upstash was not asked",
};

/** In the order in which they are stacked, the most usual at the bottom. */
export const kindWords: Record<CommandKind, string> = {
  heartbeat: "Heartbeats",
  record: "The record",
  publish: "Messages",
  receipt: "Receipts",
  catch_up: "Catching up",
  connect: "Connecting",
  keep_alive: "Keep-alive",
  test: "Tests",
};

export const planWords: Record<PlanKind, string> = {
  free: "Free",
  pay_as_you_go: "Pay as you go",
  fixed: "Fixed",
};

export const choiceWords: Record<Choice, string> = {
  automatic: "What Upstash says, or else Free",
  ...planWords,
};

/** A few words for how sparing the program is; Rust says what that means. */
export const levelWords: Record<Level, string> = {
  usual: "Not slowed",
  careful: "Slowed a little",
  scarce: "Slowed to the least",
};

export const rotationReasonWords: Record<RotationReason, string> = {
  monthly: "It was time",
  asked: "You asked for it",
  may_have_leaked: "The old key may have leaked",
  followed: "Another computer had changed it",
};

export const rotationPlanWords: Record<RotationPlan, string> = {
  one_password:
    "The database has one password for everybody: once it is changed, Helios is cut off until it has the new one.",
  overlap: "The old and the new key work side by side until Helios has the new one: nobody is cut off.",
};

export const rotationStepWords: Record<RotationStep, string> = {
  preflight: "Look first",
  announce: "Tell the others",
  reset: "Get a new key",
  store: "Keep it",
  prove: "Prove it",
  reconnect: "Change over",
  hand_over: "Hand it over",
  await_ack: "Hear Helios",
  revoke: "End the old keys",
  undo: "Go back",
  receipt: "Write it down",
};

/** The shape of a step that goes on by itself or waits. */
export type StepMark = Outcome | "waiting" | "asks";

export const stepStateWords: Record<StepState, { word: string; mark: StepMark }> = {
  waiting: { word: "not begun", mark: "waiting" },
  running: { word: "under way", mark: "running" },
  done: { word: "done", mark: "good" },
  warned: { word: "done, with a warning", mark: "warning" },
  failed: { word: "did not work", mark: "failed" },
  skipped: { word: "not needed", mark: "skipped" },
  asks: { word: "waits for you", mark: "asks" },
};

/** `title` stands above Rust's own sentence, `word` stands alone. */
export const rotationOutcomeWords: Record<RotationOutcome, { title: string; word: string; mark: StepMark }> =
  {
    done: { title: "Done", word: "The key was changed", mark: "good" },
    unchanged: { title: "Stopped", word: "Nothing was changed", mark: "skipped" },
    adopted: { title: "Taken over", word: "The new key was taken over", mark: "good" },
    undone: { title: "Taken back", word: "The change was taken back", mark: "skipped" },
  };

/** What is asked of the person, and the button that answers where there is but one. */
export const rotationAskWords: Record<RotationAsk, { title: string; button: string }> = {
  address: { title: "Paste the address", button: "Use this address" },
  keychain: { title: "Unlock the keychain", button: "Try again" },
  network: { title: "Waiting for the network", button: "Try now" },
  hand_over: { title: "Give Helios the new address", button: "Helios has it" },
};

export const weightWords: Record<PreflightWeight, { word: string; mark: Outcome }> = {
  good: { word: "good", mark: "good" },
  warning: { word: "to know", mark: "warning" },
  bars: { word: "in the way", mark: "failed" },
};

export const keyWords: Record<KeyKind, string> = {
  database: "The database’s key",
  api: "Upstash API key",
  github: "GitHub token",
  sealing: "Helios’s public key",
};

export const handoverWords: Record<Handover, { title: string; text: string }> = {
  sealed: {
    title: "Sealed, through the mailbox",
    text: "Encrypted so that only Helios can open it, and left for it in the mailbox at GitHub; where each agent is a user, sent to it as well.",
  },
  command: {
    title: "By a command of yours",
    text: "A program of your choice gets the new address, and sets it where Helios runs.",
  },
  by_hand: {
    title: "By hand",
    text: "You copy the new address and set it where Helios runs. Helios is cut off until then.",
  },
};

/** A mark of the list: which shape, and what it says to a screen reader. */
export type Mark = { shape: "unread" | "message" | TaskState; word: string };

export function markOf(row: Row): Mark {
  if (row.unread) return { shape: "unread", word: "Unread" };
  if (row.state === null) return { shape: "message", word: "Read" };
  return { shape: row.state, word: capital(stateWords[row.state]) };
}

/** The second line of a row: who, what has become of it, and a little of what it says. */
export function rowLine(row: Row): string[] {
  const parts: (string | null)[] = isAnswered(row)
    ? [row.state && stateWords[row.state], heardWords(row), row.answer ? `“${row.answer}”` : row.preview]
    : [
        row.from,
        row.priority === "normal" ? null : priorityWords[row.priority],
        row.state === null ? row.kind : row.state === "new" ? null : stateWords[row.state],
        row.preview,
      ];
  return parts.filter((part): part is string => part !== null && part !== "");
}

/** Has somebody given it its last answer? An expired task had none. */
export function isAnswered(row: Row): boolean {
  return row.state === "done" || row.state === "failed" || row.state === "declined";
}

/** Whether the sender knows our last answer; null where there was none. */
export function heardWords(row: Row): string | null {
  if (row.heard === null) return null;
  return row.heard ? `heard by ${row.from}` : `not heard by ${row.from} yet`;
}

export function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
