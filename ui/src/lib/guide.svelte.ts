/** How far the guided set-up is, as Rust tells it. It decides nothing: it keeps the newest picture. */
import type { GuideView } from "../bindings/GuideView";
import type { Snapshot } from "../bindings/Snapshot";
import * as ipc from "./ipc";
import { Picture } from "./picture.svelte";

class Guide extends Picture<GuideView> {
  /** Does the window open on the set-up: because it is needed, or because it was begun and left? */
  wanted(snapshot: Snapshot): boolean {
    if (snapshot.condition === "setup_needed") return true;
    if (this.view === null || this.view.finished) return false;
    return this.view.address === null || this.view.done.length > 0;
  }
}

export const guide = new Guide(() => ipc.guide());
