/** The keys, and the change of one that may be under way, as Rust tells it. */
import type { RotationView } from "../bindings/RotationView";
import * as ipc from "./ipc";
import { Picture } from "./picture.svelte";

export const rotation = new Picture<RotationView>(() => ipc.rotation());
