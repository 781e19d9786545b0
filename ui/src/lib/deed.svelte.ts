/** Something a person asked for on a page: is it under way, and what went wrong. One at a time. */
import type { Trouble } from "../bindings/Trouble";
import * as ipc from "./ipc";

export class Deed {
  busy = $state(false);
  trouble = $state.raw<Trouble | null>(null);

  /** The command's answer; nothing if it failed, or if another one is still under way. */
  async run<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.trouble = null;
    try {
      return await command();
    } catch (error) {
      this.trouble = ipc.asTrouble(error);
      return undefined;
    } finally {
      this.busy = false;
    }
  }
}
