/**
 * The newest picture of something that Rust tells of, whole, by events and as the answer to commands.
 *
 * An answer to a command may be overtaken by an event, which is then the newer of the two.
 */
export class Picture<T> {
  view = $state.raw<T | null>(null);

  #heard = 0;
  readonly #first: () => Promise<T>;

  constructor(first: () => Promise<T>) {
    this.#first = first;
  }

  /** An event. */
  hear(view: T): void {
    this.#heard += 1;
    this.view = view;
  }

  /** Without it the window still shows what it can. */
  async load(): Promise<void> {
    await this.ask(this.#first()).catch(() => {});
  }

  /**
   * Waits for a command that answers with the picture, and gives that answer: what is shown then may be older, where an
   * event came meanwhile and the one for the answer is still on its way. It fails as the command does.
   */
  async ask(command: Promise<T>): Promise<T> {
    const heard = this.#heard;
    const view = await command;
    if (heard === this.#heard) this.view = view;
    return view;
  }
}
