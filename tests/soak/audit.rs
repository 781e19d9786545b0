//! Whether everything is as it should be: judged from what the fleet says, what the program's file holds and what stands
//! in the records. It must not ask anybody.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    clock::Millis,
    ground::{Entry, Loss},
    ledger::Ledger,
};

/// Two clocks that are looked at one after the other may differ by so much.
const SLACK: Millis = 2_000;

/// A task in the program's file.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) sender: String,
    pub(crate) id: String,
}

/// An answer of a person's.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) peer: String,
    pub(crate) about: String,
    pub(crate) status: &'static str,
}

/// A gap as the inbox shows it, by the program's clock.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) since: Millis,
    pub(crate) until: Millis,
    pub(crate) cause: String,
}

/// By how much a clock may have been wrong between two times.
pub(crate) type Wrong = Box<dyn Fn(Millis, Millis) -> Vec<Millis> + Send + Sync>;

/// Everything there is to judge by.
#[derive(Default)]
pub(crate) struct Evidence {
    pub(crate) ledger: Ledger,
    pub(crate) rows: Vec<Row>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) waiting: i64,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) losses: Vec<Loss>,
    /// The titles of all notifications.
    pub(crate) notified: Vec<String>,
    /// How far each record reaches.
    pub(crate) ends: HashMap<String, Entry>,
    /// How far it was read: by the program, and by each agent.
    pub(crate) read: HashMap<String, Entry>,
    /// By how much the program's clock may have been wrong between two times.
    pub(crate) wrong: Option<Wrong>,
}

#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) lost: Vec<String>,
    pub(crate) twice: Vec<String>,
    /// What else is not as it should be.
    pub(crate) faults: Vec<String>,
    pub(crate) stored: usize,
    pub(crate) answers: usize,
    pub(crate) gaps: usize,
    pub(crate) lost_by_redis: usize,
    pub(crate) answers_lost_by_redis: usize,
    pub(crate) repeated: usize,
}

impl Verdict {
    pub(crate) fn is_well(&self) -> bool {
        self.lost.is_empty() && self.twice.is_empty() && self.faults.is_empty()
    }
}

pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict {
        stored: evidence.rows.len(),
        answers: evidence.ledger.answers.len(),
        gaps: evidence.gaps.len(),
        ..Verdict::default()
    };
    evidence.tasks(&mut verdict);
    evidence.receipts(&mut verdict);
    evidence.letters(&mut verdict);
    evidence.gaps(&mut verdict);
    evidence.records(&mut verdict);
    evidence.notifications(&mut verdict);
    verdict
}

impl Evidence {
    /// Each task once in the inbox, except where Redis lost it before it handed it over: then a gap says so.
    fn tasks(&self, verdict: &mut Verdict) {
        let mut stored = HashMap::<_, u32>::new();
        for row in &self.rows {
            *stored.entry((row.sender.as_str(), row.id.as_str())).or_default() += 1;
        }
        for (id, task) in &self.ledger.tasks {
            match stored.get(&(task.agent.as_str(), id.as_str())) {
                Some(1) => {}
                Some(times) => verdict.twice.push(format!("task {id} stands {times} times in the inbox")),
                None if task.mailed => verdict.lost.push(format!("task {id}, left in the mailbox")),
                None => {
                    let gone = |(_, at): &(Millis, Millis)| self.losses.iter().any(|loss| *at <= loss.back);
                    if !task.recorded.iter().all(gone) {
                        verdict.lost.push(format!("task {id}, recorded {:?}", task.recorded));
                    } else if !task.recorded.iter().any(|(_, at)| self.is_in_a_gap(*at)) {
                        verdict.lost.push(format!("task {id}, recorded {:?}, and no gap says so", task.recorded));
                    } else {
                        verdict.lost_by_redis += 1;
                    }
                }
            }
        }
    }

    fn wrong(&self, from: Millis, to: Millis) -> Vec<Millis> {
        self.wrong.as_ref().map_or_else(|| vec![0], |wrong| wrong(from, to))
    }

    fn is_in_a_gap(&self, at: Millis) -> bool {
        let wrong = self.wrong(at, at);
        let holds = |gap: &Gap, shown: Millis| (gap.since - SLACK..=gap.until + SLACK).contains(&shown);
        self.gaps.iter().any(|gap| wrong.iter().any(|wrong| holds(gap, at + wrong)))
    }

    /// Every task in the inbox was acknowledged once.
    fn receipts<'a>(&'a self, verdict: &mut Verdict) {
        let heard = self.heard(|status| matches!(status, "received" | "expired"));
        let mut of_agent = BTreeMap::<&str, Vec<&Row>>::new();
        for row in &self.rows {
            of_agent.entry(&row.sender).or_default().push(row);
        }
        for (agent, rows) in of_agent {
            let times = |row: &'a Row| heard.get(&(agent, row.id.as_str())).map_or(&[][..], Vec::as_slice);
            for (place, row) in rows.iter().enumerate() {
                // What was read on past in the same Redis was there to be read.
                let later = || rows[place + 1..].iter().filter_map(|row| times(row).first().copied()).min();
                match times(row).len() {
                    1 => {}
                    0 if self.may_be_gone(row, later()) => verdict.answers_lost_by_redis += 1,
                    0 => verdict.lost.push(format!("the receipt of {}", row.id)),
                    many => verdict.twice.push(format!("the receipt of {} was heard {many} times", row.id)),
                }
            }
        }
    }

    /// Did Redis perhaps lose an answer to that task, with nothing behind it heard before?
    fn may_be_gone(&self, row: &Row, later: Option<Millis>) -> bool {
        let began = self.ledger.tasks.get(&row.id).and_then(|task| task.recorded.first()).map(|(began, _)| *began);
        let gone = |loss: &Loss| {
            began.is_none_or(|began| began <= loss.back) && later.is_none_or(|later| later >= loss.killed)
        };
        self.losses.iter().any(gone)
    }

    /// Every answer of a person's was heard once.
    fn letters(&self, verdict: &mut Verdict) {
        for letter in &self.letters {
            let heard = self.heard(|status| status == letter.status);
            let times = heard.get(&(letter.peer.as_str(), letter.about.as_str())).map_or(0, Vec::len);
            let row = Row { sender: letter.peer.clone(), id: letter.about.clone() };
            match times {
                1 => {}
                0 if self.may_be_gone(&row, None) => verdict.answers_lost_by_redis += 1,
                0 => verdict.lost.push(format!("{} of {}", letter.status, letter.about)),
                many => verdict.twice.push(format!("{} of {} was heard {many} times", letter.status, letter.about)),
            }
        }
        if self.waiting > 0 {
            verdict.faults.push(format!("{} answers wait to be sent", self.waiting));
        }
    }

    /// When each agent heard each answer with such a status.
    fn heard(&self, wanted: impl Fn(&str) -> bool) -> HashMap<(&str, &str), Vec<Millis>> {
        let mut heard = HashMap::<_, Vec<Millis>>::new();
        for answer in self.ledger.answers.iter().filter(|answer| wanted(&answer.status)) {
            heard.entry((answer.agent.as_str(), answer.about.as_str())).or_default().push(answer.at);
        }
        heard
    }

    /// No gap without a reason: Redis lost its data, and until something stands in every record again these tell nothing.
    /// And no such reason without a gap.
    fn gaps(&self, verdict: &mut Verdict) {
        let reasons: Vec<_> = self
            .losses
            .iter()
            .map(|loss| {
                let again = |times: &Vec<Millis>| times.iter().copied().find(|at| *at >= loss.back);
                let all = self.ledger.channels.values().map(|times| again(times).unwrap_or(Millis::MAX / 2)).max();
                let until = all.unwrap_or(loss.back);
                let wrong = self.wrong(loss.killed, until);
                let least = wrong.iter().min().unwrap_or(&0);
                let most = wrong.iter().max().unwrap_or(&0);
                (loss.killed + least - SLACK, until + most + SLACK)
            })
            .collect();
        let touches = |gap: &Gap, (since, until): &(Millis, Millis)| gap.until >= *since && gap.since <= *until;
        for (loss, reason) in self.losses.iter().zip(&reasons) {
            if !self.gaps.iter().any(|gap| touches(gap, reason)) {
                verdict.faults.push(format!("Redis lost its data at {}, and no gap says so", loss.killed));
            }
        }
        for gap in &self.gaps {
            if !reasons.iter().any(|reason| touches(gap, reason)) {
                let Gap { since, until, cause } = gap;
                verdict.faults.push(format!("a gap without a reason, from {since} to {until}: {cause}"));
            }
        }
    }

    /// Every record was read to its end.
    fn records(&self, verdict: &mut Verdict) {
        for (channel, end) in &self.ends {
            if self.read.get(channel) != Some(end) {
                let read = self.read.get(channel);
                verdict.faults.push(format!("the record of {channel} ends at {end:?} and was read to {read:?}"));
            }
        }
    }

    /// Of each task at most one notification, and one more after a crash.
    fn notifications(&self, verdict: &mut Verdict) {
        let ids: HashSet<_> = self.ledger.tasks.keys().map(String::as_str).collect();
        let mut times = BTreeMap::<&str, usize>::new();
        for id in self.notified.iter().filter_map(|title| title.strip_prefix("Task ")).filter(|id| ids.contains(id)) {
            *times.entry(id).or_default() += 1;
        }
        for (id, times) in times {
            verdict.repeated += times - 1;
            if times > 2 {
                verdict.faults.push(format!("{times} notifications of task {id}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Answer, Task};

    /// A task that was recorded at 1000, stored and acknowledged.
    fn well() -> Evidence {
        let mut evidence = Evidence::default();
        let task = Task { agent: "a".into(), recorded: vec![(900, 1_000)], mailed: false };
        evidence.ledger.tasks.insert("a-1".into(), task);
        evidence.ledger.channels.insert("a→chad".into(), vec![900]);
        let answer = Answer { agent: "a".into(), about: "a-1".into(), status: "received".into(), at: 1_100 };
        evidence.ledger.answers.push(answer);
        evidence.rows.push(Row { sender: "a".into(), id: "a-1".into() });
        evidence
    }

    fn counts(evidence: &Evidence) -> (usize, usize, usize) {
        let verdict = judge(evidence);
        (verdict.lost.len(), verdict.twice.len(), verdict.faults.len())
    }

    #[test]
    fn all_is_well() {
        assert_eq!(counts(&well()), (0, 0, 0));
    }

    #[test]
    fn a_task_that_is_missing_is_lost_unless_redis_lost_it_and_a_gap_says_so() {
        let mut evidence = well();
        evidence.rows.clear();
        evidence.ledger.answers.clear();
        assert_eq!(counts(&evidence), (1, 0, 0));
        evidence.losses.push(Loss { killed: 5_000, back: 6_000 });
        assert_eq!(counts(&evidence), (1, 0, 1), "nothing says so");
        evidence.gaps.push(Gap { since: 800, until: 6_500, cause: String::new() });
        assert_eq!(counts(&evidence), (0, 0, 0));
        evidence.ledger.tasks.get_mut("a-1").unwrap().recorded.push((7_000, 7_100));
        assert_eq!(counts(&evidence), (1, 0, 0), "it was recorded once more after that");
        evidence.ledger.tasks.get_mut("a-1").unwrap().recorded.pop();
        evidence.ledger.tasks.get_mut("a-1").unwrap().mailed = true;
        assert_eq!(counts(&evidence), (1, 0, 0), "the mailbox lost nothing");
    }

    #[test]
    fn an_answer_that_is_missing_is_lost_unless_redis_may_have_lost_it() {
        let mut evidence = well();
        evidence.ledger.answers.clear();
        assert_eq!(counts(&evidence), (1, 0, 0));
        evidence.losses.push(Loss { killed: 5_000, back: 6_000 });
        evidence.gaps.push(Gap { since: 5_000, until: 6_500, cause: String::new() });
        assert_eq!(counts(&evidence), (0, 0, 0));
        let task = Task { agent: "a".into(), recorded: vec![(1_200, 1_300)], mailed: false };
        evidence.ledger.tasks.insert("a-2".into(), task);
        evidence.rows.push(Row { sender: "a".into(), id: "a-2".into() });
        let answer = Answer { agent: "a".into(), about: "a-2".into(), status: "received".into(), at: 1_400 };
        evidence.ledger.answers.push(answer);
        assert_eq!(counts(&evidence), (1, 0, 0), "the one after it was heard before");
    }

    #[test]
    fn what_is_there_twice_is_counted() {
        let mut evidence = well();
        evidence.rows.push(evidence.rows[0].clone());
        evidence.ledger.answers.push(evidence.ledger.answers[0].clone());
        let (lost, twice, _) = counts(&evidence);
        assert!(lost == 0 && twice >= 2);
    }

    #[test]
    fn a_gap_needs_a_reason_and_a_record_its_reader() {
        let mut evidence = well();
        evidence.gaps.push(Gap { since: 4_000, until: 4_500, cause: String::new() });
        assert_eq!(counts(&evidence), (0, 0, 1));
        evidence.losses.push(Loss { killed: 4_100, back: 4_200 });
        assert_eq!(counts(&evidence), (0, 0, 0));
        evidence.ends.insert("a→chad".into(), (5, 0));
        assert_eq!(counts(&evidence), (0, 0, 1));
        evidence.read.insert("a→chad".into(), (5, 0));
        assert_eq!(counts(&evidence), (0, 0, 0));
    }

    #[test]
    fn one_repeated_notification_is_counted_and_a_third_is_a_fault() {
        let mut evidence = well();
        evidence.notified = vec!["Task a-1".into(); 2];
        assert_eq!(judge(&evidence).repeated, 1);
        assert_eq!(counts(&evidence), (0, 0, 0));
        evidence.notified.push("Task a-1".into());
        assert_eq!(counts(&evidence), (0, 0, 1));
    }
}
