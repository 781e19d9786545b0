/**
 * A change of the key played in a browser, without any Rust.
 *
 * `?page=keys&rotation=usual` begins at one of the pictures of `rotation.ts`; `looks=good|warned|barred` chooses what is
 * found beforehand, `receipts=none` empties the list.
 */
import type { Event } from "../bindings/Event";
import type { HandoverView } from "../bindings/HandoverView";
import type { RotationReason } from "../bindings/RotationReason";
import type { RotationView } from "../bindings/RotationView";
import type { Settings } from "../bindings/Settings";
import * as made from "./rotation";

const LOOKS_FOR = 700;
const STEP_TAKES = 900;

const looks: Record<string, RotationView["findings"]> = {
  good: made.goodFindings,
  warned: made.warnedFindings,
  barred: made.barredFindings,
};

/** The settings in which a picture's handover could have come about. */
export function settingsFor(settings: Settings, handover: HandoverView): Settings {
  const rotation = {
    handover: handover.way,
    helios_key: handover.key_fingerprint ? made.PUBLIC_KEY : "",
    command: handover.command.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" "),
  };
  return { ...settings, rotation };
}

export function rotating(query: URLSearchParams, tell: (event: Event) => void) {
  let view: RotationView = made.views[(query.get("rotation") ?? "usual") as made.Case];
  const set = (change: Partial<RotationView>): RotationView => {
    view = { ...view, ...change };
    tell({ type: "rotation", rotation: view });
    return view;
  };

  const end = () =>
    set({
      ...made.views.done,
      handover: view.handover,
      due: { since: Date.now(), days: 30, every: 30 },
      last: { ...made.receipts[0]!, id: String(Date.now()), begun: Date.now() - 9000, ended: Date.now() },
    });
  const begin = (reason: RotationReason): RotationView => {
    made.order.forEach((step, place) => {
      setTimeout(
        () =>
          set({
            ...made.views.running,
            reason,
            steps: made.stepsTo(step, "running"),
            handover: view.handover,
          }),
        place * STEP_TAKES,
      );
    });
    setTimeout(end, made.order.length * STEP_TAKES);
    return set({ running: true, reason, outcome: null, steps: made.stepsTo("preflight", "running") });
  };

  return {
    /** The handover as it would be shown after a change of the settings. */
    settled(settings: Settings): void {
      const { handover: way, helios_key: key, command } = settings.rotation;
      const words = command.split(" ").filter(Boolean);
      const ready = way === "sealed" ? key !== "" : way === "command" && words.length > 0;
      const shown =
        way === "sealed" ? (ready ? made.handovers.sealed : made.handovers.bare) : made.handovers[way];
      const said =
        ready || way !== "command" ? shown.words : "There is no command that could be given the new address.";
      set({
        handover: {
          ...shown,
          words: said,
          ready,
          command: words,
          offered: view.handover.offered,
          tested: null,
        },
      });
    },
    commands: {
      rotation: () => view,
      rotation_check: async () => {
        set({ checking: true });
        await new Promise((done) => setTimeout(done, LOOKS_FOR));
        return set({
          checking: false,
          findings: looks[query.get("looks") ?? "warned"] ?? made.warnedFindings,
        });
      },
      rotation_begin: ({ reason }) => begin(reason as RotationReason),
      rotation_move_to_users: () => begin("asked"),
      rotation_give_address: () => set({ asks: null, steps: made.stepsTo("prove", "running") }),
      rotation_again: () => set({ asks: null }),
      rotation_finish: end,
      rotation_undo: () => set(made.views.undone),
      rotation_copy_address: () => 30,
      rotation_receipts: () => (query.get("receipts") === "none" ? [] : made.receipts),
      rotation_export: () => ({
        messages: made.receipts.length,
        place: "~/Documents/heliograph-receipts.jsonl",
      }),
      rotation_test_handover: () => {
        const tested = { at: Date.now(), worked: true, words: "Left in the mailbox for helios." };
        return set({ handover: { ...view.handover, tested } });
      },
      rotation_confirm_key: ({ use }) =>
        set({ handover: use ? made.handovers.sealed : { ...view.handover, offered: null } }),
    } satisfies Record<string, (args: Record<string, unknown>) => unknown>,
    get handover() {
      return view.handover;
    },
  };
}
