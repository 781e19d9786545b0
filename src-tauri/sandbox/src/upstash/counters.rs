//! A database's counters in the form of the published schema `DatabaseStats`, from what its server says of itself.
//! What a server does not count is an empty series or a zero.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::database::Database;

/// Commands that write, for telling reads from writes roughly.
const WRITES: [&str; 10] = ["set", "del", "incr", "expire", "lpush", "rpush", "xadd", "hset", "sadd", "publish"];

/// Asks the server. The questions count themselves, as every command does.
pub(super) async fn of(database: &Database) -> Result<Value> {
    let mut commands = database.address().commands().await?;
    let info: String = redis::cmd("INFO").arg("everything").query_async(&mut commands.connection).await?;
    Ok(from_info(&info, &now()))
}

fn from_info(info: &str, now: &str) -> Value {
    let said: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
    let number = |name: &str| said.get(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let point = |value: u64| json!({ "x": now, "y": value });
    let calls = calls(&said);
    let writes: u64 = calls.iter().filter(|(name, _)| WRITES.contains(&name.as_str())).map(|(_, count)| count).sum();
    let total = number("total_commands_processed");
    let reads = total.saturating_sub(writes);
    let traffic = number("total_net_input_bytes") + number("total_net_output_bytes");
    let storage = number("used_memory_dataset");
    let keys = said.get("db0").map_or(0, |line| field(line, "keys"));
    let counts: Vec<Value> = calls
        .iter()
        .map(|(name, count)| json!({ "metric_identifier": name.to_uppercase(), "data_points": [point(*count)] }))
        .collect();
    json!({
        "monitor_count": point(0),
        "daily_net_commands": total,
        "daily_read_requests": reads,
        "daily_write_requests": writes,
        "connection_count": [point(number("connected_clients"))],
        "keyspace": [point(keys)],
        "throughput": [point(number("instantaneous_ops_per_sec"))],
        "diskusage": [point(storage)],
        "latencymean": [],
        "latency_99": [],
        "read_latency_mean": [],
        "read_latency_99": [],
        "write_latency_mean": [],
        "write_latency_99": [],
        "hits": [point(number("keyspace_hits"))],
        "misses": [point(number("keyspace_misses"))],
        "read": [point(reads)],
        "write": [point(writes)],
        "dailyrequests": [point(total)],
        "days": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday"],
        "dailybilling": [point(0)],
        "dailybandwidth": traffic,
        "bandwidths": [point(traffic)],
        "total_monthly_bandwidth": traffic,
        "total_monthly_requests": total,
        "total_monthly_read_requests": reads,
        "total_monthly_write_requests": writes,
        "total_monthly_script_requests": 0,
        "queue_optimized": false,
        "total_monthly_storage": storage,
        "current_storage": storage,
        "total_monthly_billing": 0.0,
        "command_counts": counts,
    })
}

/// How often each command was called.
fn calls(said: &HashMap<&str, &str>) -> Vec<(String, u64)> {
    let named = said.iter().filter_map(|(name, line)| Some((name.strip_prefix("cmdstat_")?, field(line, "calls"))));
    let mut calls: Vec<_> = named.map(|(name, count)| (name.to_owned(), count)).collect();
    calls.sort_unstable();
    calls
}

/// A value of a line such as `calls=1,usec=7`.
fn field(line: &str, name: &str) -> u64 {
    let pairs = line.split(',').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok()).unwrap_or_default()
}

/// Now, as the service writes it.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S.%9f +0000 UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_become_counters() {
        let info = "# Stats\r\ntotal_commands_processed:12\r\ntotal_net_input_bytes:5\r\ntotal_net_output_bytes:7\r\n\
                    used_memory_dataset:99\r\ncmdstat_set:calls=3,usec=4\r\ncmdstat_get:calls=2,usec=1\r\n\
                    db0:keys=2,expires=0,avg_ttl=0\r\n";
        let stats = from_info(info, "now");
        assert_eq!(stats["total_monthly_requests"], 12);
        assert_eq!(stats["total_monthly_write_requests"], 3);
        assert_eq!(stats["total_monthly_bandwidth"], 12);
        assert_eq!(stats["current_storage"], 99);
        assert_eq!(stats["keyspace"][0]["y"], 2);
        assert_eq!(stats["command_counts"][1]["metric_identifier"], "SET");
    }
}
