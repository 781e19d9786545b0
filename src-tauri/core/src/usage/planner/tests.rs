#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::settings::Settings;

fn prices() -> Prices {
    Settings::default().usage.prices
}

/// Agents, messages a day, size, heartbeat, recorded, kept, read regions, days.
type Asked = (u32, u32, u32, u32, bool, u32, u32, u32);
/// Commands, bytes of traffic, bytes of data, the cheapest plan, its cost in cents.
type Wanted = (u64, u64, u64, PlanKind, f64);

fn fleet((agents, messages_a_day, size, heartbeat_s, recorded, kept, read_regions, days): Asked) -> Fleet {
    Fleet { agents, messages_a_day, size, heartbeat_s, recorded, kept, read_regions, days }
}

/// Reckoned by hand from the formula in words.
const BY_HAND: &[(Asked, Wanted)] = &[
    // 20 × 1,000 × 30, at $0.20 for each 100,000. Traffic: 600,000 × 2 × 560.
    ((20, 1_000, 500, 0, false, 0, 0, 30), (600_000, 672_000_000, 0, PlanKind::PayAsYouGo, 120.0)),
    // The same, recorded: twice the commands, three times the way. Data: 20 × 1,000 × 540.
    ((20, 1_000, 500, 0, true, 1_000, 0, 30), (1_200_000, 1_008_000_000, 10_800_000, PlanKind::PayAsYouGo, 240.0)),
    // With heartbeats: 20 × 30 × 720 = 432,000 more, each 300 bytes × 21.
    (
        (20, 1_000, 500, 120, true, 1_000, 0, 30),
        (1_632_000, 1_008_000_000 + 2_721_600_000, 10_800_000, PlanKind::PayAsYouGo, 326.4),
    ),
    // One agent that only gives signs of life: 21,600, each 300 × 2.
    ((1, 0, 500, 120, false, 0, 0, 30), (21_600, 12_960_000, 0, PlanKind::Free, 0.0)),
    // Nobody, nothing.
    ((0, 0, 0, 0, false, 0, 0, 30), (0, 0, 0, PlanKind::Free, 0.0)),
    // Just within the free plan: 100 × 5,000.
    ((1, 100, 100, 0, false, 0, 0, 5_000), (500_000, 160_000_000, 0, PlanKind::Free, 0.0)),
    // Two agents, 500 a day, recorded, a minute's heartbeat: 30,000 × 2 + 86,400. Traffic: 30,000 × 3 × 260 +
    // 86,400 × 300 × 3. Data: 2 × 1,000 × 240.
    ((2, 500, 200, 60, true, 1_000, 0, 30), (146_400, 23_400_000 + 77_760_000, 480_000, PlanKind::Free, 0.0)),
    // The same in a leap February: 29,000 × 2 + 83,520.
    ((2, 500, 200, 60, true, 1_000, 0, 29), (141_520, 22_620_000 + 75_168_000, 480_000, PlanKind::Free, 0.0)),
    // One read region: everything twice. 2 × 600,000.
    ((20, 1_000, 500, 0, false, 0, 1, 30), (1_200_000, 672_000_000, 0, PlanKind::PayAsYouGo, 240.0)),
    // Few but large: 300 messages of 10 MB, 300 × 2 × 10,000,060 bytes: above 10 GB? No, 6 GB.
    ((1, 10, 10_000_000, 0, false, 0, 0, 30), (300, 6_000_036_000, 0, PlanKind::Free, 0.0)),
    // Twice as many: 12 GB are more than the free plan's 10; pay as you go includes 200. 600 commands: 0.12 cents.
    ((1, 20, 10_000_000, 0, false, 0, 0, 30), (600, 12_000_072_000, 0, PlanKind::PayAsYouGo, 0.12)),
    // A record of 1,000 messages of a megabyte: 1,000,040,000 bytes are too many for the free plan; the first
    // gigabyte is included, and the 40,000 bytes beyond cost a thousandth of a cent. 3,000 × 2 commands: 1.2 cents.
    (
        (1, 100, 1_000_000, 0, true, 1_000, 0, 30),
        (6_000, 9_000_540_000, 1_000_040_000, PlanKind::PayAsYouGo, 1.2 + 0.001),
    ),
    // So many that the fixed price is cheaper: 20 × 10,000 × 30 = 6,000,000 would be $12. Traffic: 6,000,000 × 2 × 160.
    ((20, 10_000, 100, 0, false, 0, 0, 30), (6_000_000, 1_920_000_000, 0, PlanKind::Fixed, 1_000.0)),
    // More traffic than the fixed plan has: 6,000,000 × 2 × 5,060 = 60.72 GB of 50.
    ((20, 10_000, 5_000, 0, false, 0, 0, 30), (6_000_000, 60_720_000_000, 0, PlanKind::PayAsYouGo, 1_200.0)),
];

#[test]
fn it_comes_out_as_by_hand() {
    for (asked, (commands, bandwidth, storage, cheapest, cents)) in BY_HAND {
        let made = plan(fleet(*asked), &prices());
        assert_eq!((made.commands, made.bandwidth, made.storage), (*commands, *bandwidth, *storage), "{asked:?}");
        assert_eq!(made.cheapest, Some(*cheapest), "{asked:?} {:?}", made.plans);
        let cost = made.plans.iter().find(|plan| plan.plan == *cheapest).unwrap().cost;
        assert!((cost * 100.0 - cents).abs() < 1e-6, "{asked:?}: {cost}");
    }
    assert!(BY_HAND.len() >= 12);
}

#[test]
fn the_example_beside_the_wrong_figure() {
    let Example { plan, wrong, why, .. } = example(&prices());
    assert_eq!(plan.publishes, 600_000);
    let of = |kind| plan.plans.iter().find(|plan| plan.plan == kind).unwrap();
    assert_eq!(of(PlanKind::Free).why_not.as_deref(), Some("100,000 commands too many"));
    assert!((of(PlanKind::PayAsYouGo).cost - 1.2).abs() < 1e-9);
    assert!(wrong.contains("$0.40") && why.contains("all 600,000 are billed"));
    assert!(plan.formula[0].ends_with("= 600,000"), "{:?}", plan.formula);
    // 500,000 / (20 × 30), and 500,000 / 30,000.
    assert_eq!(plan.free_end, FreeEnd { messages_a_day: Some(833), agents: 16 });
}

#[test]
fn heartbeats_alone_may_be_too_many_for_the_free_plan() {
    let silent = fleet((30, 0, 100, 120, false, 0, 0, 30));
    let made = plan(silent, &prices());
    assert_eq!((made.commands, made.free_end.messages_a_day, made.free_end.agents), (648_000, None, 23));
}

proptest! {
    #[test]
    fn no_fleet_makes_it_panic(asked: Asked) {
        let made = plan(fleet(asked), &prices());
        prop_assert_eq!(made.plans.len(), 3);
    }

    #[test]
    fn the_end_of_the_free_plan_is_its_end(agents in 1u32..50, messages in 0u32..5_000, recorded: bool) {
        let asked = fleet((agents, messages, 200, 300, recorded, 1_000, 0, 30));
        if let Some(most) = plan(asked, &prices()).free_end.messages_a_day {
            let free = |messages_a_day| plan(Fleet { messages_a_day, ..asked }, &prices()).plans[0].enough;
            prop_assert!(free(most) && !free(most + 1));
        }
    }
}
