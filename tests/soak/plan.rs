//! What breaks, when and for how long, all from one number. It must not break anything itself.

use std::time::Duration;

use fastrand::Rng;

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    AppKilled,
    AppAsleep,
    RedisKilled,
    RedisEmptied,
    RedisFrozen,
    BytesSwallowed,
    ConnectionsClosed,
    PasswordChanged,
    QuotaUsedUp,
    ClockJumped,
    KeychainShut,
    DiskFull,
    GithubAtFault,
    WindowOpened,
}

/// What a fault takes hold of. Of two at a time, each takes hold of another part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    App,
    Redis,
    Way,
    Clock,
    Disk,
    Github,
}

impl Kind {
    pub(crate) const ALL: [Self; 14] = [
        Self::AppKilled,
        Self::AppAsleep,
        Self::RedisKilled,
        Self::RedisEmptied,
        Self::RedisFrozen,
        Self::BytesSwallowed,
        Self::ConnectionsClosed,
        Self::PasswordChanged,
        Self::QuotaUsedUp,
        Self::ClockJumped,
        Self::KeychainShut,
        Self::DiskFull,
        Self::GithubAtFault,
        Self::WindowOpened,
    ];

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::AppKilled => "app killed",
            Self::AppAsleep => "app stopped, as by sleep",
            Self::RedisKilled => "Redis killed",
            Self::RedisEmptied => "Redis killed, its data lost",
            Self::RedisFrozen => "Redis stopped",
            Self::BytesSwallowed => "bytes swallowed",
            Self::ConnectionsClosed => "connections closed",
            Self::PasswordChanged => "password changed",
            Self::QuotaUsedUp => "quota used up",
            Self::ClockJumped => "clock jumped by hours",
            Self::KeychainShut => "app killed, keychain shut",
            Self::DiskFull => "disk full",
            Self::GithubAtFault => "GitHub at fault",
            Self::WindowOpened => "window opened and closed",
        }
    }

    const fn part(self) -> Part {
        match self {
            Self::AppKilled | Self::AppAsleep | Self::KeychainShut | Self::WindowOpened => Part::App,
            Self::RedisKilled | Self::RedisEmptied | Self::RedisFrozen | Self::PasswordChanged => Part::Redis,
            Self::BytesSwallowed | Self::ConnectionsClosed | Self::QuotaUsedUp => Part::Way,
            Self::ClockJumped => Part::Clock,
            Self::DiskFull => Part::Disk,
            Self::GithubAtFault => Part::Github,
        }
    }

    /// So many seconds at least and at most; in the second pair where there is much time.
    const fn lasts(self) -> [(f64, f64); 2] {
        match self {
            Self::AppKilled | Self::KeychainShut | Self::RedisKilled | Self::RedisEmptied => [(0.0, 3.0), (0.0, 40.0)],
            Self::AppAsleep => [(3.0, 8.0), (3.0, 60.0)],
            Self::RedisFrozen => [(2.0, 7.0), (2.0, 60.0)],
            Self::BytesSwallowed => [(1.0, 3.0), (1.0, 20.0)],
            Self::ConnectionsClosed | Self::WindowOpened => [(0.0, 1.0), (0.0, 10.0)],
            _ => [(1.0, 4.0), (1.0, 40.0)],
        }
    }
}

/// One fault, or two at a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Each with a number that says which of its forms it takes.
    pub(crate) faults: Vec<(Kind, u32)>,
    pub(crate) lasts: Duration,
    /// How long there is peace afterwards.
    pub(crate) peace: Duration,
    /// How long it is left to itself before somebody presses *Reconnect now*.
    pub(crate) patience: Duration,
}

/// All steps, without an end.
pub(crate) struct Plan {
    random: Rng,
    hurried: bool,
    /// What is still to come before anything comes again.
    bag: Vec<Kind>,
}

/// In a hurry somebody helps soon. With more time the program has its longest wait between two tries for itself.
const PATIENCE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(45)];

impl Plan {
    pub(crate) fn new(seed: u64, hurried: bool) -> Self {
        Self { random: Rng::with_seed(seed), hurried, bag: Vec::new() }
    }

    pub(crate) fn next_step(&mut self) -> Step {
        let first = self.draw(|_| true).expect("a bag that was filled");
        let mut faults = vec![(first, self.random.u32(..))];
        // Every third step; with little time every second, so that each kind has its turn.
        if self.random.u8(0..6) < if self.hurried { 3 } else { 2 }
            && let Some(second) = self.draw(|kind| kind.part() != first.part())
        {
            faults.push((second, self.random.u32(..)));
        }
        let longest = faults.iter().map(|(kind, _)| {
            let [short, long] = kind.lasts();
            // Long ones are rare.
            let (least, most) = if self.hurried || self.random.u8(0..4) > 0 { short } else { long };
            Duration::from_secs_f64(least + (most - least) * self.random.f64())
        });
        let lasts = longest.max().unwrap_or_default();
        let peace = Duration::from_secs_f64(self.random.f64() * if self.hurried { 0.5 } else { 4.0 });
        let helped = self.hurried || self.random.bool();
        Step { faults, lasts, peace, patience: PATIENCE[usize::from(!helped)] }
    }

    /// One of those left, in which each comes once before any comes again.
    fn draw(&mut self, fits: impl Fn(Kind) -> bool) -> Option<Kind> {
        if self.bag.is_empty() {
            self.bag = Kind::ALL.to_vec();
            self.random.shuffle(&mut self.bag);
        }
        let place = self.bag.iter().rposition(|kind| fits(*kind))?;
        Some(self.bag.remove(place))
    }
}

#[test]
fn a_seed_is_a_plan_and_every_kind_has_its_turn() {
    let steps = |seed, hurried| {
        let mut plan = Plan::new(seed, hurried);
        (0..28).map(|_| plan.next_step()).collect::<Vec<_>>()
    };
    for hurried in [true, false] {
        assert_eq!(steps(7, hurried), steps(7, hurried));
        assert_ne!(steps(7, hurried), steps(8, hurried));
        for kind in Kind::ALL {
            let often = steps(7, hurried).iter().flat_map(|step| &step.faults).filter(|(one, _)| *one == kind).count();
            assert!(often >= 2, "{kind:?} came {often} times");
        }
        let apart = |step: &Step| step.faults.len() < 2 || step.faults[0].0.part() != step.faults[1].0.part();
        assert!(steps(7, hurried).iter().all(apart));
    }
}
