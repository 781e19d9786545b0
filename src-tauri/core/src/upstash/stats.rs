//! A database's counters, as the service keeps them.

use serde::Deserialize;

use super::lenient;

/// What was used so far. Each is missing where the service did not say it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Commands this month.
    #[serde(rename = "total_monthly_requests", deserialize_with = "lenient::number")]
    pub monthly_commands: Option<u64>,
    /// Bytes of traffic this month.
    #[serde(rename = "total_monthly_bandwidth", deserialize_with = "lenient::number")]
    pub monthly_bandwidth: Option<u64>,
    /// Commands today.
    #[serde(rename = "daily_net_commands", deserialize_with = "lenient::number")]
    pub daily_commands: Option<u64>,
    /// Bytes stored now.
    #[serde(rename = "current_storage", deserialize_with = "lenient::number")]
    pub storage: Option<u64>,
    /// What this month costs so far, in dollars.
    #[serde(rename = "total_monthly_billing", deserialize_with = "lenient::real")]
    pub monthly_cost: Option<f64>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn counters_are_read_in_any_form() {
        let json =
            r#"{"total_monthly_requests":"12","current_storage":3.0,"total_monthly_billing":"1.25","days":["x"]}"#;
        let stats: Stats = serde_json::from_str(json).unwrap();
        let wanted =
            Stats { monthly_commands: Some(12), storage: Some(3), monthly_cost: Some(1.25), ..Stats::default() };
        assert_eq!(stats, wanted);
    }
}
