//! What a fleet of agents would cost a month, and on which plan. Pure.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::terms::{PlanKind, Prices};
use crate::text::grouped;

/// What Redis's own words around a message take, in bytes, each way.
const FRAME: u64 = 60;
/// A heartbeat with these words around it.
const HEARTBEAT: u64 = 300;
/// What an entry of a record takes beside its message.
const ENTRY: u64 = 40;
/// Beyond what anybody sends: where the search for the end of the free plan ends.
const MOST: u32 = 10_000_000;

/// A fleet that is thought of. Everybody listens to the heartbeats of everybody, and each message is for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Fleet {
    /// How many agents.
    pub agents: u32,
    /// Messages that each of them sends a day.
    pub messages_a_day: u32,
    /// How large one is, in bytes.
    pub size: u32,
    /// Seconds between two heartbeats of one agent; 0 where there are none.
    pub heartbeat_s: u32,
    /// Is each message written into a record as well?
    pub recorded: bool,
    /// About so many are kept in each record; one agent writes one record.
    pub kept: u32,
    /// Regions that are read from, beside the primary one.
    pub read_regions: u32,
    /// Days of the month.
    pub days: u32,
}

/// What it would cost.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct FleetPlan {
    /// Messages a month.
    #[ts(type = "number")]
    pub publishes: u64,
    /// Entries of records a month.
    #[ts(type = "number")]
    pub records: u64,
    /// Heartbeats a month.
    #[ts(type = "number")]
    pub heartbeats: u64,
    /// Commands a month that are billed, all regions together.
    #[ts(type = "number")]
    pub commands: u64,
    /// Bytes of traffic a month.
    #[ts(type = "number")]
    pub bandwidth: u64,
    /// Bytes stored at the end of it.
    #[ts(type = "number")]
    pub storage: u64,
    /// How each was reckoned, a line each.
    pub formula: Vec<String>,
    /// Every plan with its cost.
    pub plans: Vec<PlanCost>,
    /// The cheapest of those that are enough.
    pub cheapest: Option<PlanKind>,
    /// Where the free plan ends.
    pub free_end: FreeEnd,
}

/// A plan and what it would cost.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PlanCost {
    /// Which one.
    pub plan: PlanKind,
    /// Its name.
    pub name: String,
    /// Is it enough?
    pub enough: bool,
    /// Dollars a month, if it is.
    pub cost: f64,
    /// Why it is not enough: "100,000 commands too many".
    pub why_not: Option<String>,
}

/// Where the free plan ends, everything else being as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FreeEnd {
    /// The most messages that each agent can send a day; `None` where not even silent agents fit.
    pub messages_a_day: Option<u32>,
    /// The most agents.
    pub agents: u32,
}

/// The example that is often reckoned wrongly.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Example {
    /// 20 agents, 1,000 messages a day each.
    pub fleet: Fleet,
    /// What comes out.
    pub plan: FleetPlan,
    /// What is often said.
    pub wrong: String,
    /// Why that is wrong.
    pub why: String,
}

struct Amounts {
    publishes: u64,
    records: u64,
    heartbeats: u64,
    commands: u64,
    bandwidth: u64,
    storage: u64,
}

/// Reckons a month.
pub fn plan(fleet: Fleet, prices: &Prices) -> FleetPlan {
    let Amounts { publishes, records, heartbeats, commands, bandwidth, storage } = amounts(fleet);
    let plans: Vec<_> = PlanKind::ALL
        .into_iter()
        .map(|kind| {
            let terms = prices.of(kind);
            let exceeded = terms.exceeded(commands, bandwidth, storage);
            PlanCost {
                plan: kind,
                name: kind.in_words().into(),
                enough: exceeded.is_none(),
                cost: terms.cost(commands, bandwidth, storage),
                why_not: exceeded.map(|(what, by)| format!("{} {what} too many", grouped(by))),
            }
        })
        .collect();
    let cheapest =
        plans.iter().filter(|plan| plan.enough).min_by(|a, b| a.cost.total_cmp(&b.cost)).map(|best| best.plan);
    FleetPlan {
        publishes,
        records,
        heartbeats,
        commands,
        bandwidth,
        storage,
        formula: formula(fleet),
        plans,
        cheapest,
        free_end: free_end(fleet, prices),
    }
}

fn amounts(fleet: Fleet) -> Amounts {
    let Fleet { agents, messages_a_day, size, heartbeat_s, recorded, kept, read_regions, days } = fleet;
    let [agents, days, size] = [agents, days, size].map(u64::from);
    let publishes = agents.saturating_mul(messages_a_day.into()).saturating_mul(days);
    let records = if recorded { publishes } else { 0 };
    // Whole ones: half a heartbeat is not sent.
    let heartbeats = match heartbeat_s {
        0 => 0,
        every => agents.saturating_mul(days.saturating_mul(86_400) / u64::from(every)),
    };
    let regions = 1 + u64::from(read_regions);
    let commands = publishes.saturating_add(records).saturating_add(heartbeats).saturating_mul(regions);
    let messages = publishes.saturating_mul(2).saturating_add(records).saturating_mul(size + FRAME);
    let signs = heartbeats.saturating_mul(HEARTBEAT).saturating_mul(1 + agents);
    let in_record = if recorded { u64::from(messages_a_day).saturating_mul(days).min(kept.into()) } else { 0 };
    Amounts {
        publishes,
        records,
        heartbeats,
        commands,
        bandwidth: messages.saturating_add(signs),
        storage: agents.saturating_mul(in_record).saturating_mul(size + ENTRY),
    }
}

fn formula(fleet: Fleet) -> Vec<String> {
    let Fleet { agents, messages_a_day, size, heartbeat_s, recorded, kept, read_regions, days } = fleet;
    let a = amounts(fleet);
    let mut lines = vec![format!(
        "Messages: {} agents × {} a day × {days} days = {}",
        grouped(agents.into()),
        grouped(messages_a_day.into()),
        grouped(a.publishes)
    )];
    if recorded {
        lines.push(format!("Record: one entry for each message = {}", grouped(a.records)));
    }
    if heartbeat_s > 0 {
        lines.push(format!(
            "Heartbeats: {} agents × {days} days of 86,400 s, one every {} s = {}",
            grouped(agents.into()),
            grouped(heartbeat_s.into()),
            grouped(a.heartbeats)
        ));
    }
    let regions = match read_regions {
        0 => String::new(),
        more => format!(", × {} for {more} read regions beside the primary one", 1 + u64::from(more)),
    };
    lines.push(format!("Commands: all of these{regions} = {}", grouped(a.commands)));
    lines.push(format!(
        "Traffic: each message of {} bytes goes in once and out to one agent{}, with {FRAME} bytes around it each time; \
         each heartbeat of {HEARTBEAT} bytes goes in once and out to every agent = {} bytes",
        grouped(size.into()),
        if recorded { ", and in once more for the record" } else { "" },
        grouped(a.bandwidth)
    ));
    if recorded {
        lines.push(format!(
            "Data: each agent’s record keeps at most {} messages, with {ENTRY} bytes beside each = {} bytes",
            grouped(kept.into()),
            grouped(a.storage)
        ));
    }
    lines
}

fn free_end(fleet: Fleet, prices: &Prices) -> FreeEnd {
    let fits = |fleet: Fleet| {
        let a = amounts(fleet);
        prices.free.exceeded(a.commands, a.bandwidth, a.storage).is_none()
    };
    FreeEnd {
        messages_a_day: most(|messages_a_day| fits(Fleet { messages_a_day, ..fleet })),
        agents: most(|agents| fits(Fleet { agents, ..fleet })).unwrap_or(0),
    }
}

/// The largest number that fits, where a larger one never fits better.
fn most(fits: impl Fn(u32) -> bool) -> Option<u32> {
    if !fits(0) {
        return None;
    }
    let (mut fitting, mut beyond) = (0, MOST + 1);
    while beyond - fitting > 1 {
        let middle = fitting.midpoint(beyond);
        if fits(middle) { fitting = middle } else { beyond = middle }
    }
    Some(fitting)
}

/// 20 agents with 1,000 messages a day each, beside the figure that is often copied.
pub fn example(prices: &Prices) -> Example {
    let fleet = Fleet {
        agents: 20,
        messages_a_day: 1_000,
        size: 500,
        heartbeat_s: 0,
        recorded: false,
        kept: 0,
        read_regions: 0,
        days: 30,
    };
    Example {
        fleet,
        plan: plan(fleet, prices),
        wrong: "\u{201c}Within the free tier\u{201d}, or \u{201c}$0.40 a month\u{201d}.".into(),
        why:
            "20 × 1,000 × 30 are 600,000 messages, and each is a command: 100,000 more than the free plan allows. And \
              $0.40 pays for 200,000 commands only: pay as you go has no free ones, so that all 600,000 are billed, at \
              $0.20 for each 100,000. Heartbeats and the record are not even in this."
                .into(),
    }
}

#[cfg(test)]
mod tests;
