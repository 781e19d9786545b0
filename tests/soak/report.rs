//! What came of it, in a table.

use std::{collections::BTreeMap, time::Duration};

use crate::{audit::Verdict, burden::Burdens, fleet::Fleet, plan::Kind};

/// How the program took a kind of fault.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    often: u32,
    /// From the fault's end until a task that was sent afterwards stands in the inbox.
    longest: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    kinds: BTreeMap<Kind, Taken>,
    /// How often somebody pressed *Reconnect now*.
    pub(crate) pressed: u32,
    /// What else was not as it should be.
    pub(crate) problems: Vec<String>,
    /// What could not be done here.
    pub(crate) left_out: Vec<String>,
}

impl Report {
    /// These happened at once; `None` where it was not well again in time.
    pub(crate) fn took(&mut self, kinds: &[Kind], recovered: Option<Duration>) {
        for kind in kinds {
            let taken = self.kinds.entry(*kind).or_default();
            taken.often += 1;
            taken.longest = taken.longest.max(recovered.unwrap_or_default());
        }
        if recovered.is_none() {
            let words: Vec<_> = kinds.iter().map(|kind| kind.words()).collect();
            self.problems.push(format!("not well again in time after: {}", words.join(" and ")));
        }
    }

    pub(crate) fn is_well(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn print(&self, verdict: &Verdict, burdens: &Burdens, fleet: &Fleet) {
        println!("\n{:<28} {:>5} {:>16}", "fault", "times", "longest recovery");
        for kind in Kind::ALL {
            if let Some(Taken { often, longest }) = self.kinds.get(&kind) {
                println!("{:<28} {often:>5} {:>14.1} s", kind.words(), longest.as_secs_f64());
            }
        }
        println!("somebody pressed Reconnect now {} times", self.pressed);
        for words in &self.left_out {
            println!("left out: {words}");
        }
        let (tasks, failed) = fleet.look(|ledger| (ledger.tasks.len(), ledger.failed));
        let Verdict { stored, answers, gaps, lost_by_redis, answers_lost_by_redis, repeated, .. } = verdict;
        println!("\n{tasks} tasks sent ({failed} tries failed), {stored} in the inbox, {answers} answers heard");
        println!(
            "lost with the data of Redis: {lost_by_redis} tasks, {answers_lost_by_redis} answers; {gaps} gaps shown"
        );
        println!("notifications repeated: {repeated}");
        let Burdens { first, most, last } = burdens;
        for (name, burden) in [("at the start", first), ("at the most", most), ("in the end", last)] {
            println!("{name:>13}: {:>4} MB, {:>3} files", burden.memory / 1024, burden.files);
        }
        if !burdens.is_bearable() {
            println!("the program has grown too much");
        }
        for words in self.problems.iter().chain(&verdict.faults) {
            println!("{words}");
        }
        for (name, which) in [("lost", &verdict.lost), ("twice", &verdict.twice)] {
            for what in which.iter().take(20) {
                println!("{name}: {what}");
            }
        }
    }
}
