import type { TroubleCode } from "../bindings/TroubleCode";

/** What a person can do about a trouble from here. */
export type TroubleAction = "reconnect" | "sandbox";

/** A few words for each trouble, the one button that helps where one does, and how loud it is. */
export const troubles: Record<
  TroubleCode,
  { title: string; action: TroubleAction | null; tone: "warm" | "bad" }
> = {
  address_unreadable: { title: "The address cannot be read", action: "reconnect", tone: "bad" },
  keychain_missing: { title: "No keychain on this computer", action: null, tone: "warm" },
  keychain_locked: { title: "The keychain is locked", action: "reconnect", tone: "bad" },
  keychain_silent: { title: "The keychain does not answer", action: "reconnect", tone: "bad" },
  keychain_failed: { title: "The keychain refused", action: "reconnect", tone: "bad" },
  name_not_found: { title: "Host name not found", action: "reconnect", tone: "bad" },
  unreachable: { title: "The database cannot be reached", action: "reconnect", tone: "warm" },
  timed_out: { title: "Connecting took too long", action: "reconnect", tone: "warm" },
  tls_needed: { title: "The database wants encryption", action: "reconnect", tone: "bad" },
  certificate_refused: { title: "Certificate not accepted", action: "reconnect", tone: "bad" },
  password_refused: { title: "Password refused", action: "reconnect", tone: "bad" },
  not_permitted: { title: "Not permitted", action: "reconnect", tone: "bad" },
  read_only_token: { title: "This token may only read", action: "reconnect", tone: "bad" },
  quota_used_up: { title: "Commands used up", action: "reconnect", tone: "bad" },
  too_many_connections: { title: "Too many connections", action: "reconnect", tone: "warm" },
  too_large: { title: "Message too large", action: null, tone: "warm" },
  database_idle: { title: "The database may be archived", action: null, tone: "warm" },
  record_unusable: { title: "The record cannot be used", action: null, tone: "warm" },
  connection_lost: { title: "Connection lost", action: "reconnect", tone: "warm" },
  connection_silent: { title: "Connection silent", action: "reconnect", tone: "warm" },
  not_redis: { title: "That is not Redis", action: "reconnect", tone: "bad" },
  server_error: { title: "The database reported an error", action: "reconnect", tone: "warm" },
  disk_full: { title: "The disk is full", action: null, tone: "bad" },
  store_damaged: { title: "The inbox file is damaged", action: null, tone: "bad" },
  store_unusable: { title: "The inbox file cannot be used", action: null, tone: "bad" },
  no_notification_server: { title: "No notifications on this desktop", action: null, tone: "warm" },
  notification_failed: { title: "A notification was refused", action: null, tone: "warm" },
  no_tray_host: { title: "No place for a tray icon", action: null, tone: "warm" },
  settings_unreadable: { title: "Settings cannot be read", action: null, tone: "warm" },
  api_key_refused: { title: "API key refused", action: null, tone: "bad" },
  api_busy: { title: "Upstash asks to slow down", action: null, tone: "warm" },
  api_failed: { title: "Upstash did not answer as it should", action: null, tone: "warm" },
  plan_limit: { title: "The plan allows no more", action: null, tone: "warm" },
  mailbox_refused: { title: "GitHub refused the mailbox", action: null, tone: "bad" },
  mailbox_unreachable: { title: "GitHub cannot be reached", action: null, tone: "warm" },
  mailbox_busy: { title: "The mailbox has to wait", action: null, tone: "warm" },
  autostart_failed: { title: "Start at login could not be set", action: null, tone: "warm" },
  not_possible: { title: "Not possible now", action: null, tone: "warm" },
  sandbox_failed: { title: "The sandbox did not start", action: "sandbox", tone: "bad" },
  internal: { title: "A mistake of ours", action: null, tone: "bad" },
};

/** The words on each button. */
export const actionWords: Record<TroubleAction, string> = {
  reconnect: "Reconnect now",
  sandbox: "Try it in the sandbox",
};
