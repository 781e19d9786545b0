/** A secret that Rust has put on the clipboard, and when it is taken off again. */
import { everySecond, time } from "./clock.svelte";
import { countdown } from "./format";

export class Clipboard {
  copied = $state(false);
  #until = $state<number | null>(null);

  /** Must be made while a component is: its seconds run while the component lives and something is on the clipboard. */
  constructor() {
    $effect(() => {
      if (this.#until !== null && !this.gone) return everySecond();
      return;
    });
  }

  get gone(): boolean {
    return this.#until !== null && time.fine >= this.#until;
  }

  /** Said once: a screen reader is spared the seconds. */
  get said(): string {
    if (!this.copied) return "";
    return this.gone ? "Taken off the clipboard again." : "Copied.";
  }

  get seconds(): string {
    if (!this.copied || this.#until === null || this.gone) return "";
    return `It is taken off the clipboard in ${countdown(this.#until, time.fine)}.`;
  }

  /** It was put there for so many seconds, or for good where that is 0. */
  holds(seconds: number): void {
    this.copied = true;
    this.#until = seconds > 0 ? Date.now() + seconds * 1000 : null;
  }

  forget(): void {
    this.copied = false;
  }
}
