/**
 * The inbox list, of which only a part is here: pages are fetched when they are looked at, and far ones let go.
 *
 * The anchor keeps the list still while new messages arrive. This module knows nothing of the screen; `changed`
 * tells whoever shows it.
 */
import type { ListPage } from "../bindings/ListPage";
import type { Row } from "../bindings/Row";

export const PAGE = 100;
/** Pages kept around what is looked at. */
export const KEEP = 12;
/** Asked for at once; while a scroll bar is dragged, only where it rests is worth asking for. */
const AT_ONCE = 2;

export type Fetch = (anchor: number | null, offset: number, limit: number) => Promise<ListPage>;

export class Rows {
  total = 0;
  newer = 0;
  /** Has the first answer come? */
  loaded = false;
  failure: unknown = null;

  #anchor: number | null = null;
  #pages = new Map<number, Row[]>();
  #stale = new Set<number>();
  #asked = new Set<number>();
  #first = 0;
  #last = 0;
  /** Answers to questions of an older generation are of no use any more. */
  #generation = 0;
  #restarting = false;
  #restartAgain = false;
  #refreshAgain = false;

  constructor(
    readonly fetch: Fetch,
    readonly changed: () => void,
  ) {}

  /** The row at a place, or nothing while it is not here. */
  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** The place of a row among those that are here. */
  indexOf(seq: number): number | null {
    for (const [page, rows] of this.#pages) {
      const place = rows.findIndex((row) => row.seq === seq);
      if (place >= 0) return page * PAGE + place;
    }
    return null;
  }

  get held(): number {
    return this.#pages.size;
  }

  /** Starts from the newest row there is. What is here stays to be seen until the answer comes. */
  async restart(): Promise<void> {
    if (this.#restarting) {
      this.#restartAgain = true;
      return;
    }
    this.#restarting = true;
    const generation = ++this.#generation;
    this.#asked.clear();
    try {
      const page = await this.fetch(null, 0, PAGE);
      if (generation === this.#generation) {
        this.#anchor = page.anchor;
        this.#stale = new Set(this.#pages.keys());
        this.#take(0, page);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#restarting = false;
    }
    if (this.#restartAgain) {
      this.#restartAgain = false;
      await this.restart();
    } else this.#ask();
  }

  /**
   * Reads again what is looked at, from the same anchor: rows may have changed, newer ones may have come.
   * While answers are under way it waits for them, or a busy time would never see one.
   */
  refresh(): void {
    if (this.#restarting) {
      this.#restartAgain = true;
    } else if (this.#asked.size > 0) {
      this.#refreshAgain = true;
    } else if (this.#anchor !== null) {
      this.#stale = new Set(this.#pages.keys());
      this.#ask();
    }
  }

  /** After a failure. */
  retry(): void {
    if (this.#anchor === null) void this.restart();
    else this.refresh();
  }

  /** Says which rows are looked at. */
  show(first: number, last: number): void {
    this.#first = Math.max(0, first);
    this.#last = last;
    this.#ask();
  }

  #ask(): void {
    if (this.#anchor === null || this.#restarting) return;
    const end = Math.floor(Math.max(0, Math.min(this.#last, this.total - 1)) / PAGE);
    for (let page = Math.floor(this.#first / PAGE); page <= end; page++) {
      const here = this.#pages.has(page) && !this.#stale.has(page);
      if (!here && !this.#asked.has(page) && this.#asked.size < AT_ONCE) void this.#load(page);
    }
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    this.#asked.add(page);
    try {
      const answer = await this.fetch(this.#anchor, page * PAGE, PAGE);
      if (generation !== this.#generation) return;
      this.#asked.delete(page);
      this.#take(page, answer);
      this.#next();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#asked.delete(page);
      this.#fail(error);
    }
  }

  #next(): void {
    if (this.#refreshAgain && this.#asked.size === 0) {
      this.#refreshAgain = false;
      this.refresh();
    } else this.#ask();
  }

  #take(page: number, answer: ListPage): void {
    this.total = answer.total;
    this.newer = answer.newer;
    this.#pages.set(page, answer.rows);
    this.#stale.delete(page);
    this.loaded = true;
    this.failure = null;
    this.#letGo();
    this.changed();
  }

  #letGo(): void {
    const middle = (this.#first + this.#last) / 2 / PAGE;
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const page of far) {
      const beyond = page * PAGE >= this.total && page > 0;
      if (this.#pages.size <= KEEP && !beyond) continue;
      this.#pages.delete(page);
      this.#stale.delete(page);
    }
  }

  #fail(error: unknown): void {
    this.failure = error;
    this.loaded = true;
    this.changed();
  }
}
