//! What goes on beside connecting and waiting. It must not say what comes next.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
};

use tokio::sync::{mpsc, watch};

use super::{
    AskFailed, Plan, PublishFailed,
    handle::{News, Seen, Want},
    outlet::Outlet,
    publish::Request,
};

/// What goes on beside connecting and waiting: orders are watched, what was heard is handed over, and whoever wants
/// to publish is told that there is no connection.
pub(super) struct Aside {
    pub(super) want: watch::Receiver<Want>,
    pub(super) seen: Seen,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) outlet: Outlet,
}

/// How something that ran beside all that came out.
pub(super) enum Turn<T> {
    Done(T),
    News(News),
    Gone,
}

impl Aside {
    /// What is wanted now; what was asked for so far is covered by that.
    pub(super) fn plan(&mut self) -> Option<Arc<Plan>> {
        let want = self.want.borrow_and_update();
        self.seen.news(&want);
        want.plan.clone()
    }

    /// Runs something, and everything that goes on beside it; ends early when something new is asked for.
    pub(super) async fn beside<F: Future>(&mut self, running: F) -> Turn<F::Output> {
        let mut running = pin!(running);
        loop {
            let Self { want, seen, requests, outlet } = self;
            tokio::select! {
                biased;
                changed = want.changed() => {
                    if changed.is_err() {
                        return Turn::Gone;
                    }
                    if let Some(news) = seen.news(&want.borrow_and_update()) {
                        return Turn::News(news);
                    }
                }
                output = running.as_mut() => return Turn::Done(output),
                given = poll_fn(|cx| outlet.poll_give(cx)), if !outlet.is_empty() => {
                    if given.is_err() {
                        return Turn::Gone;
                    }
                }
                Some(request) = requests.recv() => refuse(request),
            }
        }
    }

    pub(super) fn refuse_waiting(&mut self) {
        while let Ok(request) = self.requests.try_recv() {
            refuse(request);
        }
    }
}

fn refuse(request: Request) {
    // Whoever asked may have stopped waiting.
    match request {
        Request::Publish(publish) => drop(publish.answer.send(Err(PublishFailed::NotConnected))),
        Request::Ask(ask) => drop(ask.answer.send(Err(AskFailed::NotConnected))),
    }
}
