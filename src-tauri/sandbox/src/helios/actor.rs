//! Helios' life: connect, speak and listen, come back after a loss, and do what he is asked to.
//!
//! Cancellation is the caller's: it drops [`Actor::run`], which holds no task of its own.

use std::time::Duration;

use anyhow::{Result, anyhow};
use futures_util::StreamExt;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep},
};

use super::{
    BURST, HeliosAct, HeliosEvent, Names, Request, envelope,
    session::{Session, contents},
    tasks::{self, Task, Urgency},
};
use crate::Address;

/// The wait before he tries to connect again.
const RETRY: Duration = Duration::from_millis(500);
/// He says hello after this time if he has not heard the other agent before.
const HELLO_AFTER: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Awake,
    Asleep,
    KeyLost,
}

pub(super) struct Actor {
    address: Address,
    names: Names,
    events: mpsc::Sender<HeliosEvent>,
    mood: Mood,
    // Counts the tasks sent, so that each differs from the one before.
    sent: usize,
    greeted: bool,
}

/// Why a session ended.
enum End {
    Mood,
    Lost(String),
    Over,
}

impl Actor {
    pub(super) fn new(address: Address, names: Names, events: mpsc::Sender<HeliosEvent>) -> Self {
        Self { address, names, events, mood: Mood::Awake, sent: 0, greeted: false }
    }

    /// Lives until nobody can ask anything of him any more.
    pub(super) async fn run(mut self, mut acts: mpsc::Receiver<Request>) {
        loop {
            if self.mood != Mood::Awake {
                let Some(request) = acts.recv().await else { return };
                self.act_away(request).await;
                continue;
            }
            let end = match self.connect(&mut acts).await {
                Ok(mut session) => self.converse(&mut session, &mut acts).await,
                Err(end) => end,
            };
            match end {
                End::Mood => {}
                End::Lost(reason) => {
                    self.tell(HeliosEvent::Disconnected { reason }).await;
                    if self.wait(&mut acts).await.is_none() {
                        return;
                    }
                }
                End::Over => return,
            }
        }
    }

    /// Connects; what is asked meanwhile is answered, and a change of mood ends the try.
    async fn connect(&mut self, acts: &mut mpsc::Receiver<Request>) -> Result<Session, End> {
        let (address, names) = (self.address.clone(), self.names.clone());
        let opened = Session::open(&address, &names);
        tokio::pin!(opened);
        loop {
            tokio::select! {
                session = &mut opened => return session.map_err(|error| End::Lost(format!("{error:#}"))),
                request = acts.recv() => self.act_away(request.ok_or(End::Over)?).await,
            }
            if self.mood != Mood::Awake {
                return Err(End::Mood);
            }
        }
    }

    /// Waits before the next try; what is asked meanwhile is answered. None when nobody is left to ask.
    async fn wait(&mut self, acts: &mut mpsc::Receiver<Request>) -> Option<()> {
        let over = sleep(RETRY);
        tokio::pin!(over);
        while self.mood == Mood::Awake {
            tokio::select! {
                () = &mut over => break,
                request = acts.recv() => self.act_away(request?).await,
            }
        }
        Some(())
    }

    /// Speaks and listens until the connection or the mood is gone.
    async fn converse(&mut self, session: &mut Session, acts: &mut mpsc::Receiver<Request>) -> End {
        self.tell(HeliosEvent::Connected).await;
        let mut beat = self.heartbeats();
        let hello_at = Instant::now() + HELLO_AFTER;
        let mut waited = false;
        loop {
            let done = tokio::select! {
                request = acts.recv() => match request {
                    Some(request) => self.act_here(session, request).await,
                    None => return End::Over,
                },
                message = session.ear.next() => match message {
                    Some(message) => self.hear(session, &contents(&message)).await,
                    None => Err(anyhow!("the server closed the connection")),
                },
                _ = beat.tick() => session.heartbeat().await,
                () = tokio::time::sleep_until(hello_at), if !waited => {
                    waited = true;
                    self.greet(session).await
                }
            };
            match done {
                Err(error) => return End::Lost(format!("{error:#}")),
                Ok(()) if self.mood != Mood::Awake => return End::Mood,
                Ok(()) => {}
            }
        }
    }

    fn heartbeats(&self) -> Interval {
        let mut beat = interval(self.names.heartbeat);
        // After the computer slept, one sign of life is enough.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat
    }

    async fn hear(&mut self, session: &mut Session, (channel, text): &(String, String)) -> Result<()> {
        let Some(heard) = envelope::read(&self.names, channel, text) else { return Ok(()) };
        self.tell(heard.event).await;
        if let Some(answer) = heard.answer {
            session.answer(&answer).await?;
        }
        if heard.peer_alive {
            self.greet(session).await?;
        }
        Ok(())
    }

    /// Says hello, once in his life. It counts only when somebody was listening.
    async fn greet(&mut self, session: &mut Session) -> Result<()> {
        if !self.greeted {
            let hello = tasks::hello(&self.names.me, &self.names.peer);
            self.greeted = self.send(session, vec![hello]).await? > 0;
        }
        Ok(())
    }

    /// Does what is asked while connected. Only a lost connection is an error to the caller.
    async fn act_here(&mut self, session: &mut Session, Request { act, done }: Request) -> Result<()> {
        let (count, urgency) = match act {
            HeliosAct::Task => (1, Urgency::Usual),
            HeliosAct::UrgentTask => (1, Urgency::Urgent),
            HeliosAct::Burst => (BURST, Urgency::Usual),
            HeliosAct::Sleep | HeliosAct::Wake | HeliosAct::LoseKey => {
                self.change_mood(act).await;
                let _ = done.send(Ok(()));
                return Ok(());
            }
        };
        let tasks = (0..count).map(|_| self.next_task(urgency)).collect();
        let result = self.send(session, tasks).await;
        // Whoever asked may be gone; that changes nothing here.
        let _ = done.send(result.as_ref().map(|_| ()).map_err(|error| anyhow!("{error:#}")));
        result.map(|_| ())
    }

    /// Does what can be done without a connection.
    async fn act_away(&mut self, Request { act, done }: Request) {
        let answer = match (act, self.mood) {
            (HeliosAct::Sleep | HeliosAct::Wake | HeliosAct::LoseKey, _) => {
                self.change_mood(act).await;
                Ok(())
            }
            (_, Mood::Awake) => Err(anyhow!("Helios has no connection to the server")),
            (_, Mood::Asleep) => Err(anyhow!("Helios is asleep; wake him first")),
            (_, Mood::KeyLost) => Err(anyhow!("Helios has lost his key; wake him first")),
        };
        let _ = done.send(answer);
    }

    async fn change_mood(&mut self, act: HeliosAct) {
        let (mood, reason) = match act {
            HeliosAct::Sleep => (Mood::Asleep, "asleep".to_owned()),
            HeliosAct::LoseKey => (Mood::KeyLost, self.knock_with_wrong_key().await),
            _ => (Mood::Awake, String::new()),
        };
        let leaves = mood != Mood::Awake && mood != self.mood;
        self.mood = mood;
        if leaves {
            self.tell(HeliosEvent::Disconnected { reason }).await;
        }
    }

    /// Tries a wrong key at the real server; returns how it was refused.
    async fn knock_with_wrong_key(&self) -> String {
        let knock = async { self.address.with_password("a-key-of-last-month")?.commands().await };
        match knock.await {
            Ok(_) => "the server let a wrong key in".to_owned(),
            Err(error) => format!("{error:#}"),
        }
    }

    fn next_task(&mut self, urgency: Urgency) -> Task {
        let task = tasks::nth(&self.names.me, self.sent, urgency);
        self.sent += 1;
        task
    }

    /// Sends tasks and tells of them; returns how many listened to the last one.
    async fn send(&mut self, session: &mut Session, tasks: Vec<Task>) -> Result<u64> {
        let counts = session.send(&tasks).await?;
        for (Task { id, title, .. }, &heard_by) in tasks.into_iter().zip(&counts) {
            self.tell(HeliosEvent::Sent { task_id: id, title, heard_by }).await;
        }
        Ok(counts.last().copied().unwrap_or_default())
    }

    async fn tell(&self, event: HeliosEvent) {
        // An error means that nobody wants to know, which is allowed.
        let _ = self.events.send(event).await;
    }
}
