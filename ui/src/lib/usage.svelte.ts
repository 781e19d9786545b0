/** The month's usage while its page is open, and how near a limit it is. */
import type { MeterLevel } from "../bindings/MeterLevel";
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

/** How near its end a meter is. Rust decides; `marks` are where its steps are, in percent. */
export const meterLevelWords = (level: MeterLevel, [near, close]: readonly [number, number]): string => {
  const words: Record<MeterLevel, string> = {
    unknown: "Not known",
    endless: "No limit",
    well: "Enough left",
    near: `Over ${near} %`,
    close: `Over ${close} %`,
    over: "Used up",
  };
  return words[level];
};
