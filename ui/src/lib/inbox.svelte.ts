/** The inbox as it is looked at: which list, where in it, and which message. */
import type { Filter } from "../bindings/Filter";
import type { Row } from "../bindings/Row";
import * as ipc from "./ipc";
import { Rows } from "./rows";

export class Inbox {
  filter = $state<Filter>("open");
  search = $state("");
  /** The message that is chosen; it stays so when it leaves the list. */
  chosen = $state<number | null>(null);
  /** Where in the list the chosen one is, or was. */
  cursor = $state<number | null>(null);
  /** In a narrow window: is the message shown in place of the list? */
  reading = $state(false);

  #seen = $state(0);
  #rows = $state.raw<Rows>(this.#open());
  #atTop = true;
  /** A place that was gone to before its row was here. */
  #awaited: number | null = null;

  get total() {
    return this.#look().total;
  }
  get newer() {
    return this.#look().newer;
  }
  get loaded() {
    return this.#look().loaded;
  }
  get failure() {
    const { failure } = this.#look();
    return failure === null ? null : ipc.asTrouble(failure);
  }

  row(index: number): Row | undefined {
    return this.#look().row(index);
  }

  /** Another filter or other words: another list. */
  ask(filter: Filter, search: string): void {
    if (filter === this.filter && search === this.search) return;
    this.filter = filter;
    this.search = search;
    this.cursor = null;
    this.#awaited = null;
    this.#atTop = true;
    this.#rows = this.#open();
    void this.#rows.restart();
  }

  show(first: number, last: number, atTop: boolean): void {
    const cameUp = atTop && !this.#atTop;
    this.#atTop = atTop;
    // Near the edge of what is seen too, so that a heading knows the row above it.
    this.#rows.show(first - 20, last + 20);
    if (cameUp && this.#rows.newer > 0) void this.#rows.restart();
  }

  /** Something changed: at the top the newest are followed, elsewhere the list stands still. */
  changed(): void {
    if (this.#atTop) void this.#rows.restart();
    else this.#rows.refresh();
  }

  toNewest(): void {
    this.#atTop = true;
    void this.#rows.restart();
  }

  retry(): void {
    this.#rows.retry();
  }

  choose(seq: number, index: number | null): void {
    this.#awaited = null;
    this.chosen = seq;
    this.cursor = index ?? this.#rows.indexOf(seq);
  }

  /** Moves through the list. Where the chosen row has left it, the next one stands in its place. */
  move(by: number): void {
    if (this.total === 0) return;
    const still = this.chosen === null ? null : this.#rows.indexOf(this.chosen);
    const from = still ?? (this.cursor === null ? -1 : by > 0 ? this.cursor - 1 : this.cursor);
    this.moveTo(from + by);
  }

  moveTo(index: number): void {
    const to = Math.max(0, Math.min(this.total - 1, index));
    const row = this.row(to);
    this.cursor = to;
    this.#awaited = row ? null : to;
    if (row) this.chosen = row.seq;
    this.#rows.show(to - 20, to + 20);
  }

  #open(): Rows {
    const { filter, search } = this;
    return new Rows(
      (anchor, offset, limit) => ipc.list({ filter, search, anchor, offset, limit }),
      () => {
        this.#seen += 1;
        this.#keepCursor();
      },
    );
  }

  /** The list may have moved under the cursor, or an awaited row have come. */
  #keepCursor(): void {
    const awaited = this.#awaited === null ? undefined : this.#rows.row(this.#awaited);
    if (awaited) this.choose(awaited.seq, this.#awaited);
    if (this.#awaited !== null) return;
    if (this.chosen === null) return;
    const place = this.#rows.indexOf(this.chosen);
    if (place !== null) this.cursor = place;
  }

  #look(): Rows {
    void this.#seen;
    return this.#rows;
  }
}
