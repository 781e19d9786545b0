#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// A server with one password, a keychain, and a program that works through the machine and loses everything that is
/// in neither the journal nor the keychain when it crashes.
struct World {
    /// The key that the service has given out last.
    server: u32,
    /// The server still goes by the one before.
    late: bool,
    resets: u32,
    address: u32,
    next: Option<u32>,
    memory: Option<u32>,
    journal: String,
    machine: OnePassword,
    task: Task,
}

impl World {
    fn new() -> Self {
        let machine = OnePassword::new();
        let journal = serde_json::to_string(&machine).unwrap();
        Self {
            server: 1,
            late: false,
            resets: 0,
            address: 1,
            next: None,
            memory: None,
            journal,
            machine,
            task: Task::Preflight,
        }
    }

    fn happened(&mut self, event: Event, crash: bool) {
        let mut machine = self.machine;
        let task = machine.happened(event);
        // The power fails before the journal is on the disk.
        if crash {
            return self.restart();
        }
        self.machine = machine;
        self.journal = serde_json::to_string(&machine).unwrap();
        self.task = task;
    }

    fn restart(&mut self) {
        self.memory = None;
        self.machine = serde_json::from_str(&self.journal).unwrap();
        self.task = self.machine.resume();
        assert_ne!(self.task, Task::Reset, "a new key is not asked for after a restart");
    }

    /// Does the task, with an outcome that fits the world as `luck` has it; `crash` in its middle.
    fn work(&mut self, luck: u8, crash: bool) {
        let bad = |n: u8| luck % 4 == n;
        let event = match self.task {
            Task::Preflight if bad(0) => Event::Barred,
            Task::Preflight => Event::Ready,
            Task::Announce if bad(0) => Event::Yielded,
            Task::Announce => Event::Announced,
            Task::Reset => {
                if bad(0) {
                    Event::Denied
                } else {
                    let done = luck % 8 != 1;
                    if done {
                        self.resets += 1;
                        self.server += 1;
                        self.late = luck >= 128;
                    }
                    if bad(2) && done {
                        self.memory = Some(self.server);
                        Event::GotNew
                    } else {
                        Event::Unclear
                    }
                }
            }
            Task::ReadBack => self.read_back(luck),
            Task::Recover => match self.next {
                Some(next) => {
                    self.memory = Some(next);
                    Event::GotNew
                }
                None => self.read_back(luck),
            },
            Task::Store | Task::Adopt if bad(0) => Event::KeychainShut,
            Task::Store => match self.memory {
                Some(new) => {
                    self.next = Some(new);
                    Event::Stored
                }
                None => Event::Again,
            },
            Task::Prove | Task::Reconnect if bad(0) => Event::NoNetwork,
            Task::Prove if self.late && self.next == Some(self.server) => {
                self.late = bad(3);
                Event::NotTaken
            }
            Task::Prove if self.next == Some(self.server) => Event::Proved,
            Task::Prove if self.address == self.server => Event::NewRefused,
            Task::Adopt => {
                if let Some(next) = self.next {
                    self.address = next;
                    if crash && bad(1) {
                        return self.restart();
                    }
                    self.next = None;
                }
                Event::Adopted
            }
            Task::Reconnect if self.address == self.server => Event::Connected,
            Task::Prove | Task::Reconnect => Event::BothRefused,
            Task::HandOver if bad(0) => Event::NotHandedOver,
            Task::HandOver => Event::HandedOver,
            Task::AwaitAck => Event::Acknowledged,
            Task::Receipt => Event::Written,
            Task::CleanUp => {
                self.next = None;
                Event::CleanedUp
            }
            Task::Wait(Ask::Address) if bad(1) => {
                self.memory = Some(self.server);
                Event::GotNew
            }
            Task::Wait(_) => Event::Again,
            Task::End(_) => return,
            Task::Make | Task::Grant | Task::Revoke | Task::GoBack | Task::Return | Task::Withdraw => {
                panic!("{:?} is for users", self.task)
            }
        };
        self.happened(event, crash);
    }

    fn read_back(&mut self, luck: u8) -> Event {
        match luck % 4 {
            0 => Event::NoNetwork,
            1 if self.address != self.server => Event::Unreadable,
            _ if self.server == self.address => Event::StillOld,
            _ => {
                self.memory = Some(self.server);
                Event::GotNew
            }
        }
    }

    fn check(&self) {
        assert!(self.resets <= 1, "at most one reset");
        let held = self.address == self.server || self.next == Some(self.server);
        // Between the answer and the keychain it can be read back or is asked for; nowhere else.
        let open = matches!(self.machine.step(), Step::Reset | Step::Store) && self.machine.asked_for();
        assert!(held || open, "no working key in the keychain at {:?}", self.machine);
        if let Some(end) = self.machine.end() {
            assert_eq!(self.address, self.server, "{end:?}");
            assert_eq!(self.next, None);
            assert_eq!(end == Outcome::Unchanged, self.resets == 0, "{end:?} after {} resets", self.resets);
        }
        if self.machine.ask() == Some(Ask::Address) {
            assert_ne!(self.address, self.server, "the person is not asked for what we have");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_luck_and_any_crashes_end_well(steps in proptest::collection::vec((any::<u8>(), proptest::bool::weighted(0.25)), 0..60)) {
        let mut world = World::new();
        for (luck, crash) in steps {
            world.work(luck, crash);
            world.check();
        }
        // From wherever that led, it comes to an end once nothing fails any more; the person gives what is asked.
        for _ in 0..40 {
            let luck = if matches!(world.task, Task::Wait(Ask::Address)) { 1 } else { 6 };
            world.work(luck, false);
            world.check();
        }
        prop_assert!(matches!(world.task, Task::End(_)), "{:?}", world.machine);
    }

    #[test]
    fn no_event_in_any_order_asks_for_a_second_key(events in proptest::collection::vec((0..26usize, any::<bool>()), 0..200)) {
        use Event::*;
        const ALL: [Event; 25] = [Ready, Barred, ChangedAlready, Announced, Yielded, GotNew, Denied, Unclear, StillOld,
            Unreadable, Stored, KeychainShut, Proved, NewRefused, NotTaken, BothRefused, NoNetwork, Event::Adopted, Connected,
            HandedOver, NotHandedOver, Acknowledged, Written, Again, Lost];
        let mut machine = OnePassword::new();
        let mut asked = 0;
        for (event, restart) in events {
            let task = if restart { machine.resume() } else { machine.happened(*ALL.get(event).unwrap_or(&CleanedUp)) };
            asked += u32::from(task == Task::Reset);
        }
        prop_assert!(asked <= 1);
    }
}

#[test]
fn a_following_one_asks_for_nothing_and_tells_nobody() {
    let mut machine = OnePassword::following();
    let tasks = [Event::Stored, Event::Proved, Event::Adopted, Event::Connected, Event::Written];
    let tasks = tasks.map(|event| machine.happened(event));
    let wanted = [Task::Prove, Task::Adopt, Task::Reconnect, Task::Receipt, Task::End(Outcome::Adopted)];
    assert_eq!(tasks, wanted);
    assert!(!machine.asked_for());
}

#[test]
fn what_does_not_belong_to_the_stage_changes_nothing() {
    let mut machine = OnePassword::new();
    let before = machine;
    for event in [Event::GotNew, Event::Stored, Event::Adopted, Event::Written, Event::Acknowledged, Event::Again] {
        assert_eq!(machine.happened(event), Task::Preflight);
        assert_eq!(machine, before, "{event:?}");
    }
}

#[test]
fn what_the_keychain_has_forgotten_is_looked_for_and_put_in_place_again() {
    for stage in [Stage::HandOver, Stage::AwaitAck, Stage::Receipt] {
        let mut machine = OnePassword { stage, asked_for: true, adopted: true, ..OnePassword::new() };
        let events = [Event::Lost, Event::GotNew, Event::Stored, Event::Proved, Event::Adopted, Event::Connected];
        let tasks = events.map(|event| machine.happened(event));
        assert_eq!(tasks, [Task::Recover, Task::Store, Task::Prove, Task::Adopt, Task::Reconnect, Task::HandOver]);
        assert_eq!(machine.happened(Event::Acknowledged), Task::Receipt);
    }
}
