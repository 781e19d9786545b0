//! The connection test, step by step, each with its cause and remedy.
//!
//! Each step is tried for real, as the link would do it. It must not change anything that lasts: what it writes lies
//! under throwaway keys and goes again even if the test is cut in the middle, and nothing is published where anybody
//! listens. It must not need the Developer API; whoever has it hands in a question.

mod board;
mod certificate;
mod commands;
mod connect;
mod hear;
mod line;
mod plan;
mod report;
mod rights;
mod view;
mod words;

pub use plan::{PlanFacts, PlanQuestion};
pub use report::Report;
pub use view::{Check, CheckKind, Help, Outcome, Verdict};

use std::{path::PathBuf, time::Duration};

use tokio::time::timeout;

use crate::{
    link::{Address, tls},
    message::Names,
    usage::Meter,
};
use board::Board;
use line::Cost;

/// How long one step may take.
const STEP_LIMIT: Duration = Duration::from_secs(5);
/// How long everything that needs the connection may take; with the question to the API after it, half a minute.
const CONNECTION_LIMIT: Duration = Duration::from_secs(25);
/// The most commands that a test sends.
const MOST_COMMANDS: u32 = 29;

/// A connection test that is to be made.
pub struct Test {
    /// Of this database.
    pub address: Address,
    /// The names whose channels are looked at.
    pub names: Names,
    /// A file of certificate authorities to trust beside the system's and the built-in ones.
    pub authorities: Option<PathBuf>,
    /// Where the database stands, where that is known: "Singapore (ap-southeast-1)".
    pub place: Option<String>,
    /// How to learn the plan; without it that step is skipped.
    pub plan: Option<PlanQuestion>,
    /// What counts everything that is sent.
    pub meter: Meter,
}

impl Test {
    /// Makes the test, and shows how far it is after each change. Ends within half a minute. Dropping the call ends it
    /// at once; a key that was just written then goes by itself within ten seconds.
    pub async fn run(self, show: impl FnMut(&Report) + Send) -> Report {
        let Self { address, names, authorities, place, plan, meter } = self;
        let cost = Cost::new(meter);
        let mut board = Board::new(address.clone(), cost.clone(), show);
        let target = Target { address: &address, names: &names, authorities, place: place.as_deref() };
        if timeout(CONNECTION_LIMIT, connection(&mut board, &cost, target)).await.is_err() {
            board.cut_off();
        }
        board.skip_missing();
        match plan {
            Some(question) => {
                board.unbar();
                board.step(CheckKind::Plan, plan::plan(question)).await;
            }
            None => board.skip(CheckKind::Plan, "It takes an API key to look them up."),
        }
        board.close()
    }
}

struct Target<'a> {
    address: &'a Address,
    names: &'a Names,
    authorities: Option<PathBuf>,
    place: Option<&'a str>,
}

/// Everything but the plan. Returns early where nothing that follows can be tried.
async fn connection<F: FnMut(&Report) + Send>(
    board: &mut Board<F>,
    cost: &Cost,
    Target { address, names, authorities, place }: Target<'_>,
) -> Option<()> {
    let found = board.step(CheckKind::Name, connect::name(address, place)).await?;
    let socket = board.step(CheckKind::Reach, connect::reach(&found, address)).await?;
    // Reads files, and is not measured with the step.
    let tls = tls::for_address(address, authorities).await;
    let (wire, route) = board.step(CheckKind::Encryption, connect::encryption(socket, address, tls, cost)).await?;
    let mut line = board.step(CheckKind::LogIn, connect::log_in(wire, address, cost)).await?;
    board.step(CheckKind::RoundTrip, commands::round_trip(&mut line, address)).await;
    board.step(CheckKind::ReadWrite, commands::read_write(&mut line, address)).await;
    let ears = board.step(CheckKind::Hear, hear::hear(&route, &mut line, address)).await;
    board.step(CheckKind::Streams, commands::streams(&mut line, address)).await;
    board.step(CheckKind::Rights, rights::rights(&mut line, ears, names, address)).await
}
