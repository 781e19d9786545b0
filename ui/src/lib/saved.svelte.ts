/** The settings, saved as they are changed: one after the other, so that the last change is the last written. */
import type { Settings } from "../bindings/Settings";
import type { Trouble } from "../bindings/Trouble";
import * as ipc from "./ipc";

const SAID_FOR = 2500;

export class Saved {
  settings = $state.raw<Settings | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  /** "Saved", for a moment. */
  said = $state("");

  #before: Promise<void> = Promise.resolve();
  #quiet: ReturnType<typeof setTimeout> | undefined;

  async load(): Promise<void> {
    try {
      this.settings = await ipc.settings();
    } catch (error) {
      this.trouble = ipc.asTrouble(error);
    }
  }

  /** Shows the change at once and saves it; if that fails, what is shown goes back to what is in force. */
  change(part: (settings: Settings) => Settings): Promise<void> {
    if (this.settings === null) return this.#before;
    const before = this.settings;
    const wanted = part(before);
    this.settings = wanted;
    return this.#after(() => ipc.changeSettings(before, wanted), wanted);
  }

  /** The settings were changed by another command, which gave them back. */
  take(settings: Settings): void {
    this.settings = settings;
    this.#say("Saved");
  }

  /** Names are written by a command of their own: the link changes over with them. */
  names(me: string, peers: string[]): Promise<void> {
    return this.#after(() => ipc.setNames(me, peers), null);
  }

  #after(command: () => Promise<Settings>, wanted: Settings | null): Promise<void> {
    this.#before = this.#before.then(async () => {
      try {
        const settings = await command();
        // A newer change is already shown, and is on its way.
        if (wanted === null || this.settings === wanted) this.settings = settings;
        this.trouble = null;
        this.#say("Saved");
      } catch (error) {
        const trouble = ipc.asTrouble(error);
        this.#say("");
        await this.load();
        this.trouble = trouble;
      }
    });
    return this.#before;
  }

  #say(words: string): void {
    clearTimeout(this.#quiet);
    this.said = words;
    if (words) this.#quiet = setTimeout(() => (this.said = ""), SAID_FOR);
  }
}
