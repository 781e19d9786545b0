//! What to show, one by one or counted, and when to hold back. Pure: times are handed in.

use std::collections::VecDeque;

use jiff::tz::TimeZone;

use super::{Action, Notification, Pause, Subject};
use crate::{
    message::{Kind, Millis, Priority},
    settings::Notifications,
    store::{Committed, Notable},
    text,
};

/// The time over which a burst is judged.
const WINDOW: Millis = 10_000;

/// The counting notification changes no oftener.
const COUNT_EVERY: Millis = 1_000;

/// After so long without anything to add, the next count begins anew.
const COUNT_FORGOTTEN: Millis = 60_000;

/// What came while the person was away is summed up when nothing more of it has come for so long.
const AWAY_RESTS: Millis = 500;

/// The longest title and body, in characters.
const TITLE: usize = 100;
const BODY: usize = 400;

/// Decides what is shown.
#[derive(Debug)]
pub struct Policy {
    settings: Notifications,
    zone: TimeZone,
    shown: VecDeque<Millis>,
    count: Option<Count>,
    /// What was sent while nothing could be heard, until it is summed up.
    away: Option<Count>,
    paused_until: Option<Millis>,
    /// The quiet hours in which something was held back end then.
    quiet_until: Option<Millis>,
    held_back: u32,
}

/// The one notification that counts what is not shown by itself.
#[derive(Debug)]
struct Count {
    tasks: u32,
    urgent: u32,
    latest: String,
    /// When something was last added.
    added: Millis,
    /// When it was last shown.
    shown: Option<Millis>,
    /// Something was added since.
    due: bool,
}

impl Policy {
    /// As the person set it, with quiet hours by the clock of `zone`.
    pub fn new(settings: Notifications, zone: TimeZone) -> Self {
        Self {
            settings,
            zone,
            shown: VecDeque::new(),
            count: None,
            away: None,
            paused_until: None,
            quiet_until: None,
            held_back: 0,
        }
    }

    /// As the person has set it now.
    pub fn set(&mut self, settings: Notifications, now: Millis) {
        self.settings = settings;
        // What was held back is summed up at the new end, or now.
        self.quiet_until = self.quiet_until.map(|_| self.quiet_end(now).unwrap_or(now));
    }

    /// Tasks and alerts were committed: what to show of them now.
    pub fn arrived(&mut self, committed: &Committed, now: Millis) -> Vec<Notification> {
        if self.paused(now) {
            self.held_back = self.held_back.saturating_add(committed.notable);
            return Vec::new();
        }
        if let Some(end) = self.quiet_end(now) {
            self.quiet_until = Some(end);
            return self.arrived_in_quiet(committed);
        }
        // One alone is told as it is.
        if committed.away && (committed.notable > 1 || self.away.is_some()) {
            let away = self.away.get_or_insert_with(|| Count::new(now));
            away.add(
                committed.notable,
                committed.urgent,
                committed.latest.as_ref().filter(|_| !self.settings.hide_contents),
                now,
            );
            return Vec::new();
        }
        self.shown.retain(|&at| lately(at, WINDOW, now));
        let room = self.settings.one_by_one.saturating_sub(self.shown.len());
        // Of more tasks than are shown by themselves, all are counted: half a crowd one by one tells nothing.
        let alone = if committed.notable as usize <= room { committed.first.len() } else { 0 };
        let mut out = Vec::new();
        for notable in &committed.first[..alone] {
            self.shown.push_back(now);
            out.push(of_one(notable, self.settings.hide_contents));
        }
        let alone = u32::try_from(alone).unwrap_or(u32::MAX);
        if committed.notable > alone {
            self.add(committed.notable - alone, committed.urgent, committed.latest.as_ref(), now);
            out.extend(self.tick(now));
        }
        out
    }

    /// In the quiet hours only what is urgent is shown, and that only if it was wanted so.
    fn arrived_in_quiet(&mut self, committed: &Committed) -> Vec<Notification> {
        let urgent: Vec<_> = committed.first.iter().filter(|notable| is_urgent(notable)).collect();
        let through = if self.settings.quiet.urgent { committed.urgent } else { 0 };
        self.held_back = self.held_back.saturating_add(committed.notable.saturating_sub(through));
        if through == 0 {
            Vec::new()
        } else if urgent.len() == through as usize {
            urgent.into_iter().map(|notable| of_one(notable, self.settings.hide_contents)).collect()
        } else {
            vec![counted(format!("{} arrived, all urgent", tasks(through)), String::new(), true)]
        }
    }

    /// A notification could not be taken for want of room: it is counted instead.
    pub fn overflowed(&mut self, now: Millis) {
        self.add(1, 0, None, now);
    }

    fn add(&mut self, tasks: u32, urgent: u32, latest: Option<&Notable>, now: Millis) {
        let stale = self.count.as_ref().is_some_and(|count| count.added + COUNT_FORGOTTEN <= now);
        if stale {
            self.count = None;
        }
        let latest = latest.filter(|_| !self.settings.hide_contents);
        self.count.get_or_insert_with(|| Count::new(now)).add(tasks, urgent, latest, now);
    }

    /// What has become due, if anything.
    pub fn tick(&mut self, now: Millis) -> Option<Notification> {
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
            self.quiet_until = self.quiet_end(now);
            return self.resumed("while notifications were paused");
        }
        if self.paused_until.is_some() {
            return None;
        }
        if self.quiet_until.is_some_and(|until| until <= now) {
            self.quiet_until = None;
            return self.resumed("in the quiet hours");
        }
        if self.quiet_end(now).is_some() {
            return None;
        }
        if self.away.as_ref().is_some_and(|away| !lately(away.added, AWAY_RESTS, now)) {
            return self.away.take().map(|away| away.notification("while you were away"));
        }
        let count = self.count.as_mut()?;
        if !count.due || count.shown.is_some_and(|at| lately(at, COUNT_EVERY, now)) {
            return None;
        }
        count.due = false;
        count.shown = Some(now);
        Some(count.notification("arrived"))
    }

    /// When to call [`tick`](Self::tick) next.
    pub fn next_tick(&self, now: Millis) -> Option<Millis> {
        let held_back = self.paused_until.or(self.quiet_until);
        held_back.or_else(|| {
            let away = self.away.as_ref().map(|away| away.added.min(now) + AWAY_RESTS);
            let count = self.count.as_ref().filter(|count| count.due);
            let count = count.map(|count| count.shown.map_or(count.added, |at| at.min(now) + COUNT_EVERY));
            away.into_iter().chain(count).min()
        })
    }

    /// The person has seen the inbox: the next count begins anew.
    pub fn seen(&mut self) {
        self.count = None;
        self.away = None;
        self.held_back = 0;
    }

    /// Holds back from now on, or no longer. What was held back is summed up in the answer.
    pub fn pause(&mut self, pause: Pause, now: Millis) -> Option<Notification> {
        self.paused_until = until(pause, now);
        if self.paused_until.is_some() {
            return None;
        }
        self.quiet_until = self.quiet_end(now);
        self.resumed("while notifications were paused")
    }

    /// Until when is held back?
    pub fn paused_until(&self) -> Option<Millis> {
        self.paused_until
    }

    fn paused(&self, now: Millis) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    /// When the quiet hours end that hold now.
    fn quiet_end(&self, now: Millis) -> Option<Millis> {
        let now = jiff::Timestamp::from_millisecond(now).ok()?.to_zoned(self.zone.clone());
        Some(self.settings.quiet.ends(&now)?.as_millisecond())
    }

    /// What was held back, in one; still held back where quiet hours follow.
    fn resumed(&mut self, when: &str) -> Option<Notification> {
        if self.quiet_until.is_some() {
            return None;
        }
        let held = std::mem::take(&mut self.held_back);
        let stand = if held == 1 { "It stands in the inbox." } else { "They stand in the inbox." };
        (held > 0).then(|| counted(format!("{} {when}", tasks(held)), stand.into(), false))
    }
}

impl Count {
    fn new(now: Millis) -> Self {
        Self { tasks: 0, urgent: 0, latest: String::new(), added: now, shown: None, due: true }
    }

    fn add(&mut self, tasks: u32, urgent: u32, latest: Option<&Notable>, now: Millis) {
        self.tasks = self.tasks.saturating_add(tasks);
        self.urgent = self.urgent.saturating_add(urgent);
        if let Some(latest) = latest {
            self.latest = text::line(&latest.summary.title, TITLE);
        }
        self.added = now;
        self.due = true;
    }

    fn notification(&self, how: &str) -> Notification {
        let urgent = if self.urgent > 0 { format!("{} urgent. ", self.urgent) } else { String::new() };
        let latest = if self.latest.is_empty() { String::new() } else { format!("The latest: {}", self.latest) };
        counted(format!("{} {how}", tasks(self.tasks)), format!("{urgent}{latest}"), self.urgent > 0)
    }
}

/// Was that within so long before now? What seems to lie ahead was before the clock was set back, nobody knows how long.
fn lately(at: Millis, within: Millis, now: Millis) -> bool {
    at <= now && now < at + within
}

/// The one about several.
fn counted(title: String, body: String, urgent: bool) -> Notification {
    Notification { subject: Subject::Summary, title, body, urgent, actions: vec![Action::Open] }
}

fn is_urgent(notable: &Notable) -> bool {
    notable.priority == Priority::Urgent || notable.kind == Kind::Alert
}

fn tasks(count: u32) -> String {
    if count == 1 { "1 task".into() } else { format!("{} tasks", text::grouped(count.into())) }
}

fn of_one(notable: &Notable, hide: bool) -> Notification {
    let from = text::line(&notable.from, 40);
    let from = if from.is_empty() { "somebody without a name".to_owned() } else { from };
    let preview = &notable.summary.preview;
    let body = match preview.is_empty() {
        _ if hide => String::new(),
        true => format!("From {from}"),
        false => format!("From {from}: {preview}"),
    };
    let task = notable.kind == Kind::Task;
    let title = match &notable.kind {
        _ if !hide => text::line(&notable.summary.title, TITLE),
        Kind::Task => format!("A task from {from}"),
        Kind::Alert => format!("An alert from {from}"),
        _ => format!("A message from {from}"),
    };
    Notification {
        subject: Subject::Task(notable.seq),
        title,
        body: text::line(&body, BODY),
        urgent: is_urgent(notable),
        actions: if task { vec![Action::Accept, Action::Open] } else { vec![Action::Open] },
    }
}

/// Until when a pause lasts, by the local clock.
fn until(pause: Pause, now: Millis) -> Option<Millis> {
    match pause {
        Pause::Off => None,
        Pause::HalfHour => Some(now + 30 * 60_000),
        Pause::Hour => Some(now + 60 * 60_000),
        Pause::UntilMorning => Some(next_morning(now, &jiff::tz::TimeZone::system())),
    }
}

/// The next 08:00: today's before it has been, tomorrow's after.
fn next_morning(now: Millis, zone: &jiff::tz::TimeZone) -> Millis {
    let next = || {
        let now = jiff::Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone());
        let today = now.date().at(8, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        let morning =
            if today > now { today } else { now.date().tomorrow().ok()?.at(8, 0, 0, 0).to_zoned(zone.clone()).ok()? };
        Some(morning.timestamp().as_millisecond())
    };
    next().unwrap_or(now + 8 * 3_600_000)
}

#[cfg(test)]
mod tests;
