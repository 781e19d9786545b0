// The commands of the window, named once: the build script makes the permissions from this list, and
// `commands` the handler.
commands! {
    get_snapshot, opening, list, detail, mark_read, mark_all_read, reply, send, reconnect,
    pause_notifications, feed, open_sandbox, sandbox_helios, dismiss, earlier,
    guide, guide_go, guide_door, guide_finish, understand, try_address, take_find,
    account_login, account_databases, account_forget, regions, choose_database, create_database, cancel_making,
    temporary_database, test_connection, test_use_tls, test_report, keep_address, preview_names, set_names,
    kit, reveal_address, copy_kit, ping_helios, open_web,
    settings, default_settings, change_settings, computer, set_autostart, test_notification, possessions,
    forget_everything,
    check_mailbox, use_mailbox, leave_mailbox, export_messages, import_part, import_messages,
    rotation, rotation_check, rotation_begin, rotation_give_address, rotation_again, rotation_finish, rotation_undo,
    rotation_copy_address, rotation_receipts, rotation_export, rotation_test_handover, rotation_ask_for_key,
    rotation_confirm_key, rotation_move_to_users,
    usage, usage_what_if, plan_fleet, plan_example, export_usage,
    about, diagnostics
}
