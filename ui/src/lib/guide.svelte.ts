/**
 * How far the guided set-up is, as Rust tells it. It decides nothing: it keeps the newest picture.
 *
 * An answer to a command may be overtaken by an event, which is then the newer of the two.
 */
import type { GuideView } from "../bindings/GuideView";
import type { Snapshot } from "../bindings/Snapshot";
import * as ipc from "./ipc";

class Guide {
  view = $state.raw<GuideView | null>(null);

  #heard = 0;

  /** An event. */
  hear(view: GuideView): void {
    this.#heard += 1;
    this.view = view;
  }

  /** Without it the window still shows what it can: the inbox needs no guide. */
  async load(): Promise<void> {
    await this.ask(ipc.guide()).catch(() => {});
  }

  /** Waits for a command that answers with the guide. It fails as the command does. */
  async ask(command: Promise<GuideView>): Promise<void> {
    const heard = this.#heard;
    const view = await command;
    if (heard === this.#heard) this.view = view;
  }

  /** Does the window open on the set-up: because it is needed, or because it was begun and left? */
  wanted(snapshot: Snapshot): boolean {
    if (snapshot.condition === "setup_needed") return true;
    if (this.view === null || this.view.finished) return false;
    return this.view.address === null || this.view.done.length > 0;
  }
}

export const guide = new Guide();
