/** How far the guided set-up is, as Rust tells it. It decides nothing: it keeps the newest picture. */
import type { GuideView } from "../bindings/GuideView";
import type { Snapshot } from "../bindings/Snapshot";
import * as ipc from "./ipc";
import { Picture } from "./picture.svelte";

class Guide extends Picture<GuideView> {
  /** Does the window open on the set-up: because it is needed, or because it was begun and left? */
  wanted(snapshot: Snapshot): boolean {
    return snapshot.condition === "setup_needed" || (this.view?.unfinished ?? false);
  }
}

export const guide = new Guide(() => ipc.guide());
