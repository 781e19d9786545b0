//! A database in the form of the published schema `Database`.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    database::{Database, State},
    habits::Habits,
};

const MEGABYTE: u64 = 1024 * 1024;
const GIGABYTE: u64 = 1024 * MEGABYTE;
const SECOND: u64 = 1_000_000_000;

/// How much of a database is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// With the password and the token.
    Told,
    /// Without.
    Hidden,
}

/// How it is to be described.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner<'a> {
    pub(super) customer: &'a str,
    pub(super) credentials: Credentials,
    pub(super) habits: Habits,
    /// It is not ready, whatever its server says.
    pub(super) stays_passive: bool,
}

/// Describes it.
pub(super) fn of(database: &Database, manner: Manner<'_>) -> Value {
    let state = match database.state() {
        _ if manner.stays_passive => "passive",
        State::Passive => "passive",
        State::Active => "active",
        State::Suspended => "suspended",
    };
    let free = database.plan == "free";
    let mut description = json!({
        "database_id": database.id,
        "database_name": database.name(),
        "region": "global",
        "port": database.port,
        "creation_time": database.created,
        "state": state,
        "endpoint": if manner.habits.bare_endpoint { database.bare_endpoint() } else { database.endpoint() },
        "tls": true,
        "type": if database.plan.starts_with("fixed_") { "pro" } else { database.plan.as_str() },
        "budget": if free { 0 } else { 20 },
        "primary_region": database.region,
        "primary_members": [database.region],
        "all_members": [database.region],
        "read_regions": [],
        "replicas": 2,
        "customer_id": manner.customer,
    });
    merge(&mut description, limits(free));
    merge(&mut description, switches(free));
    if manner.credentials == Credentials::Told {
        let password = database.password();
        merge(
            &mut description,
            json!({ "password": password.expose_secret(), "rest_token": password.expose_secret() }),
        );
    }
    description
}

fn limits(free: bool) -> Value {
    json!({
        "db_max_clients": if free { 1_000 } else { 10_000 },
        "db_max_request_size": 10 * MEGABYTE,
        "db_disk_threshold": if free { 256 * MEGABYTE } else { 100 * GIGABYTE },
        "db_max_entry_size": 100 * MEGABYTE,
        "db_memory_threshold": if free { 64 * MEGABYTE } else { 3 * GIGABYTE },
        "db_max_commands_per_second": 10_000,
        "db_request_limit": if free { 500_000 } else { 8_024_278_031_528_736_858_u64 },
        "db_resource_size": "S",
        "db_type": "pebble",
        "db_conn_idle_timeout": 21_600 * SECOND,
        "db_lua_timeout": SECOND / 4,
        "db_lua_credits_per_min": 10 * SECOND,
        "db_store_max_idle": 900 * SECOND,
        "db_max_loads_per_sec": 1_000_000,
    })
}

fn switches(free: bool) -> Value {
    json!({
        "eviction": false,
        "auto_upgrade": false,
        "consistent": false,
        "modifying_state": "",
        "db_acl_enabled": if free { "false" } else { "true" },
        "db_acl_default_user_status": "true",
        "db_eviction": false,
        "last_plan_upgrade_time": 0,
        "daily_backup_enabled": false,
        "securityAddons": {
            "ipWhitelisting": false,
            "vpcPeering": false,
            "privateLink": false,
            "tlsMutualAuth": false,
            "encryptionAtRest": false,
        },
        "prometheus_enabled": "false",
        "prod_pack_enabled": false,
    })
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// The same written carelessly: numbers and truths as text, something missing, something unknown.
pub(super) fn loosened(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Array(list) => list.into_iter().map(loosened).collect(),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| name != "creation_time" && name != "region");
            let mut fields: serde_json::Map<_, _> = kept.map(|(name, value)| (name, loosened(value))).collect();
            fields.insert("not_published".into(), json!({ "at": ["all", null] }));
            Value::Object(fields)
        }
        other => other,
    }
}
