/** Words and small reckonings of the set-up. Every closed list is total, so that a new value fails the build. */
import type { Door } from "../bindings/Door";
import type { Find } from "../bindings/Find";
import type { GuideView } from "../bindings/GuideView";
import type { Help } from "../bindings/Help";
import type { Keep } from "../bindings/Keep";
import type { Outcome } from "../bindings/Outcome";
import type { Step } from "../bindings/Step";

/** The steps in their order, as the rail names them. */
export const stepWords: Record<Step, string> = {
  where: "Where the database is",
  address: "The address",
  test: "Test",
  names: "Names",
  helios: "Connect Helios",
  computer: "This computer",
};

export const STEPS = Object.keys(stepWords) as Step[];

export type StepState = "current" | "done" | "open" | "shut";

/** How a step stands. One can be gone to when it is done, or is the first that is not; after the end, all can. */
export function stateOf(view: GuideView, step: Step): StepState {
  if (view.step === step) return "current";
  if (view.done.includes(step)) return "done";
  const first = STEPS.find((one) => !view.done.includes(one));
  return view.finished || step === first ? "open" : "shut";
}

export const stepStateWords: Record<StepState, string> = {
  current: "you are here",
  done: "done",
  open: "not done yet",
  shut: "not to be opened yet",
};

/** The doors: what each is, and what it costs or needs. */
export const doorWords: Record<Door, { title: string; text: string; needs: string }> = {
  make: {
    title: "Make one for me",
    text: "Heliograph makes a database in your Upstash account, or lets you choose one that is there.",
    needs: "Needs an Upstash account and its API key. The free plan costs nothing.",
  },
  paste: {
    title: "I have one",
    text: "Paste its address in any form: a URL, a redis-cli line, a .env file.",
    needs: "Needs the address with its password, from the Upstash console or any other Redis.",
  },
  temporary: {
    title: "72 hours, no account",
    text: "Upstash lends a database. It is gone after three days unless you make it your own.",
    needs: "Needs nothing, costs nothing.",
  },
  sandbox: {
    title: "Try it on this computer",
    text: "A whole small world with a Redis and a Helios of its own, in a window beside this one.",
    needs: "Needs redis-server installed. Nothing leaves this computer.",
  },
};

export const findWords: Record<Find, string> = {
  environment_address: "Found in the environment",
  environment_key: "An API key in the environment",
  command_line_login: "The login of the Upstash command line",
  keychain_address: "An address in the keychain",
  keychain_key: "An API key in the keychain",
};

export const keepWords: Record<Keep, string> = {
  keychain: "in the keychain of this computer",
  session: "in memory only, until Heliograph ends",
};

export const outcomeWords: Record<Outcome, string> = {
  running: "being tried",
  good: "good",
  warning: "works, with a warning",
  failed: "failed",
  skipped: "not tried",
};

export const helpWords: Record<Help, string> = {
  use_tls: "Use TLS",
  paste_another: "Paste another address",
  try_again: "Try again",
};

const MONTH_SECONDS = 30 * 24 * 60 * 60;

/** What a sign of life every so many seconds costs in thirty days, in commands. */
export const heartbeatCost = (every: number) => Math.round(MONTH_SECONDS / every);

/** A kit's line as it is shown: the password's place as dots. */
export const dotted = (line: string) => line.replace(":PASSWORD@", ":••••••••@");
