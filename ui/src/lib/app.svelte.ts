/** What every page shares: the state as Rust tells it, where the window is, and troubles with a command. */
import type { FeedItem } from "../bindings/FeedItem";
import type { Place } from "../bindings/Place";
import type { Snapshot } from "../bindings/Snapshot";
import type { Trouble } from "../bindings/Trouble";
import { guide } from "./guide.svelte";
import * as ipc from "./ipc";
import { rotation } from "./rotation.svelte";

/** Lines the live feed keeps. */
export const FEED_KEPT = 200;

/** The sections of the settings. */
export type SettingsSection =
  "general" | "notifications" | "connection" | "mailbox" | "messages" | "prices" | "security" | "about";

class App {
  snapshot = $state.raw<Snapshot | null>(null);
  place = $state.raw<Place>({ page: "inbox", task: null });
  /** The section of the settings to which a button elsewhere has led; none where it led to the page as such. */
  section = $state<SettingsSection | null>(null);
  feed = $state.raw<FeedItem[]>([]);
  /** Troubles with something a person just asked for here. */
  said = $state.raw<Trouble[]>([]);
  /** Grows with every change of the inbox. */
  inboxChanges = $state(0);
  /** Has nothing ever been heard? */
  untouched = $state(false);
  /** The newest row known. */
  newest = $state<number | null>(null);
  /** Words for a screen reader, said once. */
  announcement = $state("");

  /** Listens before it asks, so that nothing falls between. */
  async start(): Promise<() => void> {
    const stop = await ipc.onEvent((event) => {
      switch (event.type) {
        case "state":
          this.snapshot = event.snapshot;
          break;
        case "inbox":
          this.newest = event.newest;
          this.untouched = false;
          this.inboxChanges += 1;
          break;
        case "feed":
          this.feed = [...this.feed, ...event.items].slice(-FEED_KEPT);
          break;
        case "guide":
          guide.hear(event.guide);
          break;
        case "rotation":
          rotation.hear(event.rotation);
          break;
        case "open":
          this.place = event.place;
          this.section = null;
      }
    });
    ipc.list({ filter: "all", search: "", anchor: null, offset: 0, limit: 1 }).then(
      (page) => {
        this.untouched = this.newest === null && page.total === 0;
        this.newest ??= page.anchor;
      },
      () => {},
    );
    const [snapshot, place, feed] = await Promise.all([
      ipc.getSnapshot(),
      ipc.opening(),
      ipc.feed(),
      guide.load(),
      rotation.load(),
    ]);
    this.snapshot ??= snapshot;
    this.place = place;
    if (place.page === "inbox" && place.task === null && guide.wanted(this.snapshot)) this.go("setup");
    if (this.feed.length === 0) this.feed = feed.slice(-FEED_KEPT);
    return stop;
  }

  /** Runs a command and shows its trouble, if it has one. True if it went well. */
  async tell(command: Promise<unknown>): Promise<boolean> {
    try {
      await command;
      return true;
    } catch (error) {
      const trouble = ipc.asTrouble(error);
      this.said = [...this.said.filter((said) => said.code !== trouble.code), trouble];
      return false;
    }
  }

  unsay(trouble: Trouble): void {
    this.said = this.said.filter((said) => said !== trouble);
  }

  go(page: Place["page"]): void {
    this.place = { page, task: null };
    this.section = null;
  }

  /** To a section of the settings. */
  set(section: SettingsSection): void {
    this.go("settings");
    this.section = section;
  }
}

export const app = new App();
