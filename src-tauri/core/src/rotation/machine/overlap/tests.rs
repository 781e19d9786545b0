#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A server with two users, a keychain, a Helios, and a program that works through the machine and loses everything
/// that is in neither the journal nor the keychain when it crashes. Tokens are numbers; 1 is the one from before.
struct World {
    made: u32,
    ours: BTreeSet<u32>,
    theirs: BTreeSet<u32>,
    address: u32,
    next: Option<u32>,
    peer: Option<u32>,
    previous: Option<u32>,
    memory: Option<(u32, u32)>,
    helios: u32,
    /// Helios has said something with the new one, or the person for it.
    acknowledged: bool,
    undone: bool,
    journal: String,
    machine: Overlap,
    task: Task,
}

impl World {
    fn new() -> Self {
        let machine = Overlap::new();
        Self {
            made: 1,
            ours: [1].into(),
            theirs: [1].into(),
            address: 1,
            next: None,
            peer: None,
            previous: None,
            memory: None,
            helios: 1,
            acknowledged: false,
            undone: false,
            journal: serde_json::to_string(&machine).unwrap(),
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
        assert_ne!(self.task, Task::Reset, "the password of default is nobody's business");
    }

    /// Does the task, with an outcome that fits the world as `luck` has it; `crash` in its middle.
    fn work(&mut self, luck: u8, crash: bool) {
        let bad = |n: u8| luck % 5 == n;
        let event = match self.task {
            Task::Preflight if bad(0) => Event::Barred,
            Task::Preflight => Event::Ready,
            Task::Announce if bad(0) => Event::Yielded,
            Task::Announce => Event::Announced,
            Task::Make | Task::Grant | Task::Prove | Task::Reconnect | Task::Revoke | Task::Return | Task::Withdraw
                if bad(0) =>
            {
                Event::NoNetwork
            }
            Task::Make | Task::Grant | Task::Revoke if bad(1) => Event::Unreadable,
            Task::Make | Task::Grant if bad(2) => Event::Denied,
            Task::Store | Task::Adopt | Task::GoBack | Task::Receipt if bad(0) => Event::KeychainShut,
            Task::Prove if bad(1) => Event::NewRefused,
            Task::Reconnect if bad(1) && luck.is_multiple_of(2) => Event::BothRefused,
            Task::HandOver if bad(0) => Event::NotHandedOver,
            Task::Wait(_) => Event::Again,
            Task::End(_) => return,
            _ => match self.does(luck, crash) {
                Some(event) => event,
                None => return self.restart(),
            },
        };
        self.happened(event, crash);
    }

    /// The task as it goes well; nothing where it ends in the middle.
    fn does(&mut self, luck: u8, crash: bool) -> Option<Event> {
        let halfway = crash && luck.is_multiple_of(2);
        Some(match self.task {
            Task::Make => {
                self.made += 1;
                self.memory = Some((self.made, self.made));
                Event::GotNew
            }
            Task::Store => {
                let Some((ours, theirs)) = self.memory else { return Some(Event::Lost) };
                self.next = Some(ours);
                if halfway {
                    return None;
                }
                self.peer = Some(theirs);
                self.previous = Some(self.previous.unwrap_or(self.address));
                Event::Stored
            }
            Task::Grant => {
                let (Some(ours), Some(theirs)) = (self.next, self.peer) else { return Some(Event::Lost) };
                self.ours.insert(ours);
                if halfway {
                    return None;
                }
                self.theirs.insert(theirs);
                Event::Granted
            }
            Task::Prove => {
                assert!(self.next.is_some_and(|next| self.ours.contains(&next)));
                Event::Proved
            }
            Task::Adopt => {
                let Some(next) = self.next else { return Some(Event::Lost) };
                self.address = next;
                Event::Adopted
            }
            Task::HandOver => {
                // He takes it when he likes.
                if !luck.is_multiple_of(3) {
                    self.helios = self.peer.unwrap();
                }
                Event::HandedOver
            }
            Task::AwaitAck => {
                // Without a word of his it is the person who gave it to him.
                self.helios = self.peer.unwrap();
                self.acknowledged = true;
                Event::Acknowledged
            }
            Task::Revoke => {
                assert!(self.acknowledged && !self.undone, "revoked before the word was given");
                self.ours.retain(|token| Some(*token) == self.next);
                if halfway {
                    return None;
                }
                self.theirs.retain(|token| Some(*token) == self.peer);
                Event::Revoked
            }
            Task::GoBack => {
                let Some(previous) = self.previous else { return Some(Event::Lost) };
                self.address = previous;
                Event::WentBack
            }
            Task::Reconnect | Task::Return if self.ours.contains(&self.address) => Event::Connected,
            Task::Reconnect | Task::Return => Event::BothRefused,
            Task::Withdraw => {
                // What he has is refused from now on, and so he goes back as well.
                self.ours.retain(|token| *token == 1);
                self.theirs.retain(|token| *token == 1);
                self.helios = 1;
                Event::Withdrawn
            }
            Task::Receipt => {
                (self.next, self.peer, self.previous) = (None, None, None);
                Event::Written
            }
            Task::CleanUp => Event::CleanedUp,
            _ => unreachable!("{:?}", self.task),
        })
    }

    fn undo(&mut self) {
        if self.machine.can_undo() {
            self.undone = true;
            self.happened(Event::Undo, false);
        }
    }

    fn check(&self) {
        assert!(self.ours.contains(&self.address), "no key that works at {:?}", self.machine);
        assert!(self.theirs.contains(&self.helios), "Helios is cut off at {:?}", self.machine);
        let Some(end) = self.machine.end() else { return };
        assert_eq!((self.next, self.peer, self.previous), (None, None, None));
        match end {
            Outcome::Done => {
                assert!(self.acknowledged && self.address > 1 && self.helios > 1);
                assert_eq!((self.ours.len(), self.theirs.len()), (1, 1), "the others are gone");
            }
            Outcome::Unchanged | Outcome::Undone => assert_eq!((self.address, self.helios), (1, 1)),
            Outcome::Adopted => panic!("there is nobody to follow"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_luck_any_crashes_and_any_change_of_mind_end_well(
        steps in proptest::collection::vec((any::<u8>(), proptest::bool::weighted(0.2), proptest::bool::weighted(0.03)), 0..80)
    ) {
        let mut world = World::new();
        for (luck, crash, undo) in steps {
            world.work(luck, crash);
            world.check();
            if undo {
                world.undo();
                world.check();
            }
        }
        // From wherever that led, it comes to an end once nothing fails any more.
        for _ in 0..40 {
            world.work(8, false);
            world.check();
        }
        prop_assert!(matches!(world.task, Task::End(_)), "{:?}", world.machine);
    }

    #[test]
    fn no_events_in_any_order_revoke_before_the_word_or_ask_for_a_reset(
        events in proptest::collection::vec((0..26usize, any::<bool>()), 0..200)
    ) {
        use Event::*;
        const ALL: [Event; 25] = [Ready, Barred, ChangedAlready, Announced, Yielded, GotNew, Denied, Unclear, StillOld,
            Unreadable, Stored, KeychainShut, Proved, NewRefused, BothRefused, NoNetwork, Event::Adopted, Connected,
            HandedOver, NotHandedOver, Written, Again, Lost, Granted, WentBack];
        let mut machine = Overlap::new();
        for (event, restart) in events {
            let event = ALL.get(event).copied().unwrap_or(Withdrawn);
            let task = if restart { machine.resume() } else { machine.happened(event) };
            prop_assert!(!matches!(task, Task::Reset | Task::Revoke));
        }
    }
}

#[test]
fn it_can_be_taken_back_until_the_old_ones_are_revoked() {
    let events = [
        Event::Ready,
        Event::Announced,
        Event::GotNew,
        Event::Stored,
        Event::Granted,
        Event::Proved,
        Event::Adopted,
        Event::Connected,
        Event::HandedOver,
    ];
    let mut machine = Overlap::new();
    for event in events {
        machine.happened(event);
        assert_eq!(machine.can_undo(), machine.made(), "{machine:?}");
        let mut other = machine;
        let back = other.happened(Event::Undo);
        match machine.stage {
            _ if !machine.made() => assert_eq!(other, machine),
            Stage::Make | Stage::Store | Stage::Grant | Stage::Prove => assert_eq!(back, Task::Withdraw),
            _ => assert_eq!(back, Task::GoBack),
        }
    }
    assert_eq!(machine.happened(Event::Acknowledged), Task::Revoke);
    assert!(!machine.can_undo());
    assert_eq!(machine.happened(Event::Undo), Task::Revoke, "it is too late");
}

#[test]
fn an_old_key_that_is_refused_on_the_way_back_leads_forward() {
    let mut machine = Overlap::new();
    for event in [Event::Ready, Event::Announced, Event::GotNew, Event::Stored, Event::Granted, Event::Proved] {
        machine.happened(event);
    }
    assert_eq!(machine.happened(Event::Undo), Task::GoBack);
    assert_eq!(machine.happened(Event::WentBack), Task::Return);
    assert_eq!(machine.happened(Event::BothRefused), Task::Adopt);
    assert!(!machine.can_undo() && machine.goes_well());
    machine.happened(Event::Adopted);
    assert_eq!(machine.happened(Event::BothRefused), Task::Wait(Ask::Network), "and not round and round");
}

#[test]
fn what_the_keychain_has_forgotten_is_made_anew_before_anything_more_is_removed() {
    for stage in [Stage::HandOver, Stage::AwaitAck, Stage::Revoke, Stage::Receipt] {
        let mut machine = Overlap { stage, made: true, adopted: true, handed: true, ..Overlap::new() };
        assert_eq!(machine.happened(Event::Lost), Task::Make, "{stage:?}");
        assert_eq!(machine.end(), None);
        // On the way back it is not wanted.
        let mut machine = Overlap { stage, made: true, way: Way::Back, ..Overlap::new() };
        assert_eq!(machine.happened(Event::Lost), task(stage), "{stage:?}");
    }
}
