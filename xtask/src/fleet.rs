//! `cargo xtask fleet`: a month of many agents over a Redis on this computer, in minutes. What it costs is predicted by
//! the planner and counted by the server.

use anyhow::Result;
use clap::Args;

use crate::program::{cargo, run as run_program};

/// How large the fleet is, and how busy.
#[derive(Args)]
pub(crate) struct Options {
    /// How many agents.
    #[arg(long, default_value_t = 20)]
    agents: u32,
    /// Messages that each of them sends a day.
    #[arg(long, default_value_t = 1_000)]
    messages: u32,
    /// Days of the month.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Seconds between two heartbeats of one agent.
    #[arg(long, default_value_t = 120)]
    heartbeat: u32,
    /// Write no records.
    #[arg(long)]
    unrecorded: bool,
    /// From so many commands on the service refuses, in a month before the one that is counted; 0 for no such month.
    #[arg(long, default_value_t = 500_000)]
    limit: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { agents, messages, days, heartbeat, unrecorded, limit } = options;
    let mut command = cargo(["run", "--release", "--package", "heliograph-bench", "--", "fleet"]);
    for (name, number) in [("--agents", agents), ("--messages", messages), ("--days", days), ("--heartbeat", heartbeat)]
    {
        command.args([name, &number.to_string()]);
    }
    command.args(["--limit", &limit.to_string()]);
    // One of the agents is the app itself, which has no business in anybody's keychain.
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    if *unrecorded {
        command.arg("--unrecorded");
    }
    run_program(&mut command)
}
