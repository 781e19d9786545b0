/**
 * The only door to the Rust side: its commands, and its one stream of events.
 *
 * Nothing else calls `invoke` or `listen`, so that the contract stands in one place.
 */
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { AboutView } from "../bindings/AboutView";
import type { AccountDatabases } from "../bindings/AccountDatabases";
import type { ChannelView } from "../bindings/ChannelView";
import type { ComputerView } from "../bindings/ComputerView";
import type { Detail } from "../bindings/Detail";
import type { Door } from "../bindings/Door";
import type { Event } from "../bindings/Event";
import type { FeedItem } from "../bindings/FeedItem";
import type { Example } from "../bindings/Example";
import type { Exported } from "../bindings/Exported";
import type { Find } from "../bindings/Find";
import type { Fleet } from "../bindings/Fleet";
import type { FleetPlan } from "../bindings/FleetPlan";
import type { GuideView } from "../bindings/GuideView";
import type { HeliosAct } from "../bindings/HeliosAct";
import type { Imported } from "../bindings/Imported";
import type { Inspection } from "../bindings/Inspection";
import type { Keep } from "../bindings/Keep";
import type { Kit } from "../bindings/Kit";
import type { KitPart } from "../bindings/KitPart";
import type { ListPage } from "../bindings/ListPage";
import type { ListRequest } from "../bindings/ListRequest";
import type { NewDatabase } from "../bindings/NewDatabase";
import type { Pause } from "../bindings/Pause";
import type { Place } from "../bindings/Place";
import type { Possession } from "../bindings/Possession";
import type { Priority } from "../bindings/Priority";
import type { Regions } from "../bindings/Regions";
import type { RotationReason } from "../bindings/RotationReason";
import type { RotationReceipt } from "../bindings/RotationReceipt";
import type { RotationView } from "../bindings/RotationView";
import type { ReplyStatus } from "../bindings/ReplyStatus";
import type { Settings } from "../bindings/Settings";
import type { Snapshot } from "../bindings/Snapshot";
import type { Step } from "../bindings/Step";
import type { Trouble } from "../bindings/Trouble";
import type { TroubleCode } from "../bindings/TroubleCode";
import type { Understanding } from "../bindings/Understanding";
import type { UsageView } from "../bindings/UsageView";
import type { WebPage } from "../bindings/WebPage";
import type { WhatIf } from "../bindings/WhatIf";
import type { WhatIfView } from "../bindings/WhatIfView";

/** A message of our own, as a person wrote it; Rust decides whether the text is JSON. */
export type Outgoing = { channel: string; kind: string; text: string; priority: Priority };

export const getSnapshot = () => invoke<Snapshot>("get_snapshot");
export const opening = () => invoke<Place>("opening");
export const list = (request: ListRequest) => invoke<ListPage>("list", { request });
export const detail = (seq: number) => invoke<Detail>("detail", { seq });
export const markRead = (seq: number) => invoke<null>("mark_read", { seq });
export const markAllRead = () => invoke<null>("mark_all_read");
export const reply = (seq: number, status: ReplyStatus, text: string) =>
  invoke<Detail>("reply", { seq, status, text });
export const send = (message: Outgoing) => invoke<null>("send", message);
export const reconnect = () => invoke<null>("reconnect");
export const pauseNotifications = (pause: Pause) => invoke<null>("pause_notifications", { pause });
export const feed = () => invoke<FeedItem[]>("feed");
export const openSandbox = () => invoke<null>("open_sandbox");
export const sandboxHelios = (act: HeliosAct) => invoke<null>("sandbox_helios", { act });
export const earlier = (wanted: boolean) => invoke<null>("earlier", { wanted });
export const dismiss = (code: TroubleCode) => invoke<null>("dismiss", { code });

export const guide = () => invoke<GuideView>("guide");
export const guideGo = (step: Step) => invoke<GuideView>("guide_go", { step });
export const guideDoor = (door: Door) => invoke<GuideView>("guide_door", { door });
export const guideFinish = () => invoke<GuideView>("guide_finish");
export const understand = (text: string) => invoke<Understanding>("understand", { text });
export const tryAddress = (text: string, consent: boolean) =>
  invoke<GuideView>("try_address", { text, consent });
export const takeFind = (find: Find) => invoke<GuideView>("take_find", { find });
export const accountLogin = (email: string, key: string, remember: boolean) =>
  invoke<AccountDatabases>("account_login", { email, key, remember });
export const accountDatabases = () => invoke<AccountDatabases>("account_databases");
export const accountForget = () => invoke<GuideView>("account_forget");
export const regions = () => invoke<Regions>("regions");
export const chooseDatabase = (id: string) => invoke<GuideView>("choose_database", { id });
/** `new` is a word of JavaScript; on the wire it is the argument's name all the same. */
export const createDatabase = (wanted: NewDatabase) => invoke<GuideView>("create_database", { new: wanted });
export const cancelMaking = () => invoke<GuideView>("cancel_making");
export const temporaryDatabase = () => invoke<GuideView>("temporary_database");
export const testConnection = () => invoke<GuideView>("test_connection");
export const testUseTls = () => invoke<GuideView>("test_use_tls");
export const testReport = () => invoke<string>("test_report");
export const keepAddress = (keep: Keep) => invoke<GuideView>("keep_address", { keep });
export const previewNames = (me: string, peers: string[]) =>
  invoke<ChannelView[]>("preview_names", { me, peers });
export const setNames = (me: string, peers: string[]) => invoke<Settings>("set_names", { me, peers });
export const kit = () => invoke<Kit>("kit");
export const revealAddress = () => invoke<string>("reveal_address");
export const copyKit = (part: KitPart) => invoke<number>("copy_kit", { part });
export const pingHelios = () => invoke<GuideView>("ping_helios");

export const settings = () => invoke<Settings>("settings");
/** As they are built in. */
export const defaultSettings = () => invoke<Settings>("default_settings");
/** Changes what differs between the two. */
export const changeSettings = (before: Settings, after: Settings) =>
  invoke<Settings>("change_settings", { before, after });
export const computer = () => invoke<ComputerView>("computer");
export const setAutostart = (on: boolean) => invoke<ComputerView>("set_autostart", { on });
export const testNotification = () => invoke<null>("test_notification");
export const possessions = () => invoke<Possession[]>("possessions");
export const forgetEverything = () => invoke<null>("forget_everything");
/** An empty token stands for the one that is known. */
export const checkMailbox = (repository: string, token: string) =>
  invoke<Inspection>("check_mailbox", { repository, token });
export const useMailbox = (repository: string, token: string, allowed: string[]) =>
  invoke<Settings>("use_mailbox", { repository, token, allowed });
export const leaveMailbox = () => invoke<Settings>("leave_mailbox");
export const exportMessages = () => invoke<Exported>("export_messages");
/** A file goes over in parts; the first begins it anew. */
export const importPart = (bytes: Uint8Array, first: boolean) =>
  invoke<null>("import_part", bytes, { headers: first ? { first: "1" } : {} });
export const importMessages = () => invoke<Imported>("import_messages");
/** Asked again while the page is open: that is what makes the service's counters be read more often. */
export const usage = () => invoke<UsageView>("usage");
export const usageWhatIf = (settings: WhatIf) => invoke<WhatIfView>("usage_what_if", { settings });
export const planFleet = (fleet: Fleet) => invoke<FleetPlan>("plan_fleet", { fleet });
export const planExample = () => invoke<Example>("plan_example");
/** Where the file is. */
export const exportUsage = () => invoke<string>("export_usage");
export const about = () => invoke<AboutView>("about");
export const diagnostics = () => invoke<string>("diagnostics");
export const openWeb = (page: WebPage) => invoke<null>("open_web", { page });

export const rotation = () => invoke<RotationView>("rotation");
/** Looks whether everything needed is there; changes nothing. */
export const rotationCheck = () => invoke<RotationView>("rotation_check");
export const rotationBegin = (reason: RotationReason) => invoke<RotationView>("rotation_begin", { reason });
/** The new address, where it is asked for. */
export const rotationGiveAddress = (text: string) => invoke<RotationView>("rotation_give_address", { text });
/** Tries now what it waits for. */
export const rotationAgain = () => invoke<RotationView>("rotation_again");
/** Helios has the new key, says the person; nobody waits for it any more. */
export const rotationFinish = () => invoke<RotationView>("rotation_finish");
/** Makes each agent a user of its own: nobody is cut off any more when the keys are changed. */
export const rotationMoveToUsers = () => invoke<RotationView>("rotation_move_to_users");
export const rotationUndo = () => invoke<RotationView>("rotation_undo");
/** Says after how many seconds it is taken off the clipboard again. */
export const rotationCopyAddress = () => invoke<number>("rotation_copy_address");
export const rotationReceipts = () => invoke<RotationReceipt[]>("rotation_receipts");
export const rotationExport = () => invoke<Exported>("rotation_export");
export const rotationTestHandover = () => invoke<RotationView>("rotation_test_handover");
/** Helios's public key comes as an offer, if Helios knows how. */
export const rotationAskForKey = () => invoke<null>("rotation_ask_for_key");
/** Uses the public key that was offered, after its fingerprint was compared; or puts it away. */
export const rotationConfirmKey = (use: boolean) => invoke<RotationView>("rotation_confirm_key", { use });

/** Hands every event to `heard` until the returned function is called. */
export const onEvent = (heard: (event: Event) => void) =>
  listen<Event>("heliograph", ({ payload }) => heard(payload));

/** Every command fails with a trouble; anything else is a mistake of ours and is shown as one. */
export function asTrouble(error: unknown): Trouble {
  if (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    "message" in error &&
    "remedy" in error
  ) {
    return error as Trouble;
  }
  return {
    code: "internal",
    message: String(error),
    remedy: "Try again. If it stays so, restart Heliograph.",
  };
}
