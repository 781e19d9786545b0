//! The journal of a rotation, read beside the program that writes it.

use std::{
    ops::ControlFlow,
    path::Path,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

/// Every stage that is written down where there is one password, in the order in which they are gone through.
pub(crate) const STAGES: [&str; 10] =
    ["preflight", "announce", "reset", "store", "prove", "adopt", "reconnect", "hand_over", "await_ack", "receipt"];

/// Every stage that is written down where each agent is a user, in the order in which they can be gone through.
pub(crate) const STAGES_OF_USERS: [&str; 15] = [
    "preflight",
    "announce",
    "make",
    "store",
    "grant",
    "prove",
    "adopt",
    "reconnect",
    "hand_over",
    "await_ack",
    "revoke",
    "go_back",
    "return",
    "withdraw",
    "receipt",
];

/// A stage's place among these.
pub(crate) fn place(stages: &[&str], stage: &str) -> usize {
    stages.iter().position(|one| *one == stage).unwrap_or_else(|| panic!("a stage that is not known here: {stage}"))
}

/// How often is looked.
const STEP: Duration = Duration::from_millis(1);

/// How long a rotation may take.
const LIMIT: Duration = Duration::from_mins(2);

/// What the file says of the newest rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) stage: String,
    pub(crate) ended: bool,
}

/// How far the newest rotation is on the disk; nothing before the first.
pub(crate) fn standing(database: &Path) -> Option<Standing> {
    read(&open(database)?)
}

fn open(database: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.busy_timeout(LIMIT).unwrap();
    Some(connection)
}

fn read(connection: &Connection) -> Option<Standing> {
    // Before the table is there this is an error, and as good as an empty one.
    let mut newest = connection
        .prepare_cached(
            "SELECT id, json_extract(journal, '$.machine.stage'), ended IS NOT NULL FROM rotations
             ORDER BY ended IS NULL DESC, id DESC LIMIT 1",
        )
        .ok()?;
    let row = newest.query_row([], |row| Ok(Standing { id: row.get(0)?, stage: row.get(1)?, ended: row.get(2)? }));
    row.optional().ok()?
}

/// Hands over each stage of the next rotation as soon as it is on the disk, in the thread that looks, until that says
/// that it is enough or the rotation has ended. Gives all that were seen.
pub(crate) fn watch(
    database: &Path,
    mut seen: impl FnMut(&str) -> ControlFlow<()> + Send + 'static,
) -> JoinHandle<Vec<String>> {
    let connection = open(database).unwrap();
    let earlier = read(&connection).filter(|standing| standing.ended).map(|standing| standing.id);
    thread::spawn(move || {
        let mut stages: Vec<String> = Vec::new();
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            if let Some(now) = read(&connection).filter(|now| Some(&now.id) != earlier.as_ref()) {
                if stages.last() != Some(&now.stage) {
                    stages.push(now.stage.clone());
                    if seen(&now.stage).is_break() {
                        return stages;
                    }
                }
                if now.ended {
                    return stages;
                }
            }
            thread::sleep(STEP);
        }
        panic!("within {LIMIT:?} the rotation came to {stages:?} and no further");
    })
}

/// Looks until this one of the stages, or one behind it, is on the disk.
#[allow(dead_code, reason = "where the program is killed, more is done meanwhile")]
pub(crate) fn until(database: &Path, stages: &'static [&'static str], stage: &'static str) -> JoinHandle<Vec<String>> {
    watch(database, move |seen| {
        if place(stages, seen) >= place(stages, stage) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}
