/** The month's usage while its page is open, and how near a limit it is. */
import type { Trouble } from "../bindings/Trouble";
import type { UsageView } from "../bindings/UsageView";
import * as ipc from "./ipc";

/** Rust asks the service far less often; our own count moves all the time. */
const EVERY = 30_000;

export class Usage {
  view = $state.raw<UsageView | null>(null);
  trouble = $state.raw<Trouble | null>(null);

  async load(): Promise<void> {
    try {
      this.view = await ipc.usage();
      this.trouble = null;
    } catch (error) {
      this.trouble = ipc.asTrouble(error);
    }
  }

  /** Loads, and again now and then until the returned function is called. */
  watch(): () => void {
    void this.load();
    const timer = setInterval(() => {
      if (!document.hidden) void this.load();
    }, EVERY);
    return () => clearInterval(timer);
  }
}

/** How a meter stands: at 80 and at 95 % the bar has its marks. */
export type Standing = "unknown" | "endless" | "well" | "near" | "close" | "over";

export function standingOf(used: number | null, limit: number | null, percent: number | null): Standing {
  if (used === null) return "unknown";
  if (limit === null || percent === null) return "endless";
  if (percent >= 100) return "over";
  if (percent >= MARKS[1]) return "close";
  return percent >= MARKS[0] ? "near" : "well";
}

/** Where the program begins to be sparing, in percent. */
export const MARKS = [80, 95] as const;

export const standingWords: Record<Standing, string> = {
  unknown: "Not known",
  endless: "No limit",
  well: "Enough left",
  near: "Over 80 %",
  close: "Over 95 %",
  over: "Used up",
};
