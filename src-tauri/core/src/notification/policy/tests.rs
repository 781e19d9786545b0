use proptest::prelude::*;

use super::*;
use crate::message::Summary;

fn committed(notable: u32) -> Committed {
    let task = |n: u32| Notable {
        seq: n.into(),
        kind: Kind::Task,
        from: "helios".into(),
        priority: Priority::Normal,
        summary: Summary { title: format!("task {n}"), preview: "more".into() },
    };
    let first = (0..notable.min(4)).map(task).collect();
    let latest = notable.checked_sub(1).map(task);
    Committed { notable, rows: notable, tasks: notable, first, latest, ..Committed::default() }
}

fn notifications(one_by_one: usize) -> Notifications {
    Notifications { one_by_one, ..crate::settings::Settings::default().notifications }
}

fn policy(one_by_one: usize) -> Policy {
    Policy::new(notifications(one_by_one), TimeZone::UTC)
}

#[test]
fn a_task_says_who_and_what_and_can_be_accepted() {
    let shown = policy(3).arrived(&committed(1), 0);
    assert_eq!(
        shown,
        [Notification {
            subject: Subject::Task(0),
            title: "task 0".into(),
            body: "From helios: more".into(),
            urgent: false,
            actions: vec![Action::Accept, Action::Open],
        }]
    );
}

#[test]
fn a_burst_is_counted_in_one() {
    let mut policy = policy(3);
    for _ in 0..3 {
        assert_eq!(policy.arrived(&committed(1), 0)[0].subject, Subject::Task(0));
    }
    let first = policy.arrived(&committed(10), 100);
    assert_eq!((first.len(), first[0].subject, first[0].title.as_str()), (1, Subject::Summary, "10 tasks arrived"));
    assert_eq!(first[0].body, "The latest: task 9");
    assert!(policy.arrived(&committed(5), 200).is_empty(), "not oftener than once a second");
    assert_eq!(policy.next_tick(200), Some(1_100));
    assert_eq!(policy.tick(1_100).unwrap().title, "15 tasks arrived");
    assert_eq!(policy.next_tick(1_100), None);
    assert_eq!(policy.arrived(&committed(1), 10_200)[0].subject, Subject::Task(0), "after ten seconds, by itself");
}

#[test]
fn a_clock_set_back_silences_nothing() {
    let now = 7_200_000;
    let mut policy = policy(3);
    for count in [1, 1, 1, 10, 5] {
        policy.arrived(&committed(count), now);
    }
    let earlier = now - 3_600_000;
    assert!(policy.next_tick(earlier).is_some_and(|at| at <= earlier + 1_000), "what is due is shown within a second");
    let shown = policy.arrived(&committed(1), earlier);
    assert_eq!((shown.len(), shown[0].subject), (1, Subject::Task(0)), "nothing was shown in these ten seconds");
    assert_eq!(policy.tick(earlier).unwrap().title, "15 tasks arrived");
    assert_eq!(policy.next_tick(earlier), None);
    let away = Committed { away: true, ..committed(2) };
    assert!(policy.arrived(&away, now).is_empty());
    assert!(policy.next_tick(earlier).is_some_and(|at| at <= earlier + 500));
    assert_eq!(policy.tick(earlier).unwrap().title, "2 tasks while you were away");
}

#[test]
fn the_count_begins_anew_once_the_inbox_was_seen() {
    let mut policy = policy(0);
    policy.arrived(&committed(9), 0);
    policy.seen();
    assert_eq!(policy.arrived(&committed(1), 10)[0].title, "1 task arrived");
}

#[test]
fn a_pause_holds_everything_back_and_sums_it_up() {
    let mut policy = policy(3);
    assert_eq!(policy.pause(Pause::HalfHour, 0), None);
    assert!(policy.arrived(&committed(2), 1_000).is_empty());
    assert_eq!(policy.tick(1_000), None);
    assert_eq!(policy.next_tick(1_000), Some(1_800_000));
    assert_eq!(policy.tick(1_800_000).unwrap().title, "2 tasks while notifications were paused");
    assert_eq!(policy.paused_until(), None);
    assert_eq!(policy.arrived(&committed(1), 1_800_001).len(), 1);
}

#[test]
fn morning_is_the_next_eight_o_clock() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    for (now, morning) in [
        ("2026-11-23T21:00:00+01:00", "2026-11-24T08:00:00+01:00"),
        ("2026-11-23T03:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-11-23T08:00:00+01:00", "2026-11-24T08:00:00+01:00"),
        ("2026-10-24T21:00:00+02:00", "2026-10-25T08:00:00+01:00"),
    ] {
        assert_eq!(next_morning(at(now), &zone), at(morning), "{now}");
    }
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// From ten in the evening to seven.
fn at_night(urgent: bool) -> Policy {
    let mut settings = notifications(3);
    settings.quiet = crate::settings::Quiet { on: true, from: "22:00".into(), until: "07:00".into(), urgent };
    Policy::new(settings, berlin())
}

fn urgent(mut committed: Committed) -> Committed {
    committed.urgent = committed.notable;
    for notable in &mut committed.first {
        notable.priority = Priority::Urgent;
    }
    committed
}

#[test]
fn at_night_nothing_is_shown_and_the_morning_sums_it_up() {
    let mut policy = at_night(true);
    assert_eq!(policy.arrived(&committed(1), at("2026-11-23T21:59:59+01:00")).len(), 1);
    assert!(policy.arrived(&committed(2), at("2026-11-23T22:00:00+01:00")).is_empty());
    assert!(policy.arrived(&committed(1), at("2026-11-24T06:59:59+01:00")).is_empty());
    assert_eq!(policy.next_tick(at("2026-11-24T06:59:59+01:00")), Some(at("2026-11-24T07:00:00+01:00")));
    assert_eq!(policy.tick(at("2026-11-24T06:59:59+01:00")), None);
    assert_eq!(policy.tick(at("2026-11-24T07:00:00+01:00")).unwrap().title, "3 tasks in the quiet hours");
    assert_eq!(policy.next_tick(at("2026-11-24T07:00:00+01:00")), None);
    assert_eq!(policy.arrived(&committed(1), at("2026-11-24T07:00:01+01:00")).len(), 1);
}

#[test]
fn what_is_urgent_wakes_only_who_wants_to_be_woken() {
    let night = at("2026-11-24T03:00:00+01:00");
    let shown = at_night(true).arrived(&urgent(committed(1)), night);
    assert_eq!((shown.len(), shown[0].title.as_str(), shown[0].urgent), (1, "task 0", true));
    assert_eq!(at_night(true).arrived(&urgent(committed(9)), night)[0].title, "9 tasks arrived, all urgent");
    assert!(at_night(false).arrived(&urgent(committed(1)), night).is_empty());
}

#[test]
fn the_night_the_clocks_go_forward_ends_at_seven_too() {
    let mut policy = at_night(true);
    assert!(policy.arrived(&committed(1), at("2026-03-28T23:00:00+01:00")).is_empty());
    assert_eq!(policy.next_tick(at("2026-03-28T23:00:00+01:00")), Some(at("2026-03-29T07:00:00+02:00")));
}

#[test]
fn a_pause_that_ends_at_night_says_nothing_before_the_morning() {
    let mut policy = at_night(true);
    policy.pause(Pause::Hour, at("2026-11-23T21:30:00+01:00"));
    assert!(policy.arrived(&committed(2), at("2026-11-23T21:45:00+01:00")).is_empty());
    assert_eq!(policy.tick(at("2026-11-23T22:30:00+01:00")), None);
    assert_eq!(policy.tick(at("2026-11-24T07:00:00+01:00")).unwrap().title, "2 tasks in the quiet hours");
}

#[test]
fn quiet_hours_that_are_switched_off_end_now() {
    let mut policy = at_night(true);
    let night = at("2026-11-24T03:00:00+01:00");
    assert!(policy.arrived(&committed(1), night).is_empty());
    policy.set(notifications(3), night);
    assert_eq!(policy.next_tick(night), Some(night));
    assert_eq!(policy.tick(night).unwrap().title, "1 task in the quiet hours");
}

#[test]
fn contents_are_hidden_where_others_may_look() {
    let mut settings = notifications(3);
    settings.hide_contents = true;
    let mut policy = Policy::new(settings, TimeZone::UTC);
    let shown = policy.arrived(&committed(1), 0);
    assert_eq!((shown[0].title.as_str(), shown[0].body.as_str()), ("A task from helios", ""));
    let shown = policy.arrived(&committed(30), 0);
    assert_eq!((shown[0].title.as_str(), shown[0].body.as_str()), ("30 tasks arrived", ""));
}

proptest! {
    #[test]
    fn never_more_than_a_handful_in_ten_seconds(bursts in proptest::collection::vec((0u32..2000, 0i64..500), 1..200)) {
        let mut policy = policy(3);
        let mut now = 0;
        let mut shown: Vec<Millis> = Vec::new();
        let mut seen = 0;
        for (count, step) in bursts {
            now += step;
            let new = policy.arrived(&committed(count), now);
            seen += count;
            shown.extend(new.iter().chain(&policy.tick(now)).map(|_| now));
        }
        for (index, &at) in shown.iter().enumerate() {
            let within = shown[index..].iter().take_while(|&&other| other < at + WINDOW).count();
            prop_assert!(within <= 3 + 11, "{} of {}", within, seen);
        }
    }
}
