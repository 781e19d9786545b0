//! The published description's schemas, and whether an answer keeps to them.

use serde_json::Value;

/// A field's type in the published description.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Whole,
    Number,
    Truth,
    Object,
    /// One of these words.
    OneOf(&'static [&'static str]),
    Texts,
    /// A measured point: `x` and `y` are required.
    Point,
    Points,
    /// How often commands were called.
    Counts,
}

use Kind::{Counts, Number, Object, OneOf, Point, Points, Text, Texts, Truth, Whole};

const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "af-south-1",
    "us-central1",
    "us-east4",
    "europe-west1",
    "asia-northeast1",
];
const YES_NO: &[&str] = &["true", "false"];

/// The published schema `Database`, whole.
pub(crate) const DATABASE: [(&str, Kind); 42] = [
    ("database_id", Text),
    ("database_name", Text),
    ("region", OneOf(&["global"])),
    ("port", Whole),
    ("creation_time", Whole),
    ("state", OneOf(&["active", "suspended", "passive"])),
    ("endpoint", Text),
    ("tls", Truth),
    ("db_max_clients", Whole),
    ("db_max_request_size", Whole),
    ("db_disk_threshold", Whole),
    ("db_max_entry_size", Whole),
    ("db_memory_threshold", Whole),
    ("db_max_commands_per_second", Whole),
    ("db_request_limit", Whole),
    ("type", OneOf(&["free", "payg", "pro", "paid"])),
    ("budget", Whole),
    ("primary_region", OneOf(REGIONS)),
    ("primary_members", Texts),
    ("all_members", Texts),
    ("eviction", Truth),
    ("auto_upgrade", Truth),
    ("consistent", Truth),
    ("modifying_state", Text),
    ("db_resource_size", OneOf(&["S", "M", "L", "XL", "XXL", "3XL"])),
    ("db_type", OneOf(&["bolt", "badger", "pebble"])),
    ("db_conn_idle_timeout", Whole),
    ("db_lua_timeout", Whole),
    ("db_lua_credits_per_min", Whole),
    ("db_store_max_idle", Whole),
    ("db_max_loads_per_sec", Whole),
    ("db_acl_enabled", OneOf(YES_NO)),
    ("db_acl_default_user_status", OneOf(YES_NO)),
    ("db_eviction", Truth),
    ("last_plan_upgrade_time", Whole),
    ("replicas", Whole),
    ("customer_id", Text),
    ("daily_backup_enabled", Truth),
    ("read_regions", Texts),
    ("securityAddons", Object),
    ("prometheus_enabled", OneOf(YES_NO)),
    ("prod_pack_enabled", Truth),
];

/// The published schema `DatabaseStats`, whole.
pub(crate) const STATS: [(&str, Kind); 33] = [
    ("monitor_count", Point),
    ("daily_net_commands", Whole),
    ("daily_read_requests", Whole),
    ("daily_write_requests", Whole),
    ("connection_count", Points),
    ("keyspace", Points),
    ("throughput", Points),
    ("diskusage", Points),
    ("latencymean", Points),
    ("latency_99", Points),
    ("read_latency_mean", Points),
    ("read_latency_99", Points),
    ("write_latency_mean", Points),
    ("write_latency_99", Points),
    ("hits", Points),
    ("misses", Points),
    ("read", Points),
    ("write", Points),
    ("dailyrequests", Points),
    ("days", Texts),
    ("dailybilling", Points),
    ("dailybandwidth", Whole),
    ("bandwidths", Points),
    ("total_monthly_bandwidth", Whole),
    ("total_monthly_requests", Whole),
    ("total_monthly_read_requests", Whole),
    ("total_monthly_write_requests", Whole),
    ("total_monthly_script_requests", Whole),
    ("queue_optimized", Truth),
    ("total_monthly_storage", Whole),
    ("current_storage", Whole),
    ("total_monthly_billing", Number),
    ("command_counts", Counts),
];

fn fits(value: &Value, kind: Kind) -> bool {
    let all = |check: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(check));
    match kind {
        Text => value.is_string(),
        Whole => value.is_u64() || value.is_i64(),
        Number => value.is_number(),
        Truth => value.is_boolean(),
        Object => value.as_object().is_some_and(|object| object.values().all(Value::is_boolean)),
        OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Texts => all(&Value::is_string),
        Point => value["x"].is_string() && value["y"].is_number(),
        Points => all(&|point| fits(point, Point)),
        Counts => all(&|count| fits(&count["metric_identifier"], Text) && fits(&count["data_points"], Points)),
    }
}

/// Every field of the schema is there, and of its type.
pub(crate) fn keeps_to(value: &Value, schema: &[(&str, Kind)]) {
    for (name, kind) in schema {
        let found = value.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(fits(found, *kind), "{name} is {found}, and not {kind:?}");
    }
}
