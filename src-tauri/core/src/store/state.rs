//! How states stand in the tables, as small numbers.

use super::view::{TaskState, Way};
use crate::message::{Priority, ReplyStatus};

pub(super) const fn priority_to_number(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::Urgent => 2,
    }
}

pub(super) const fn priority_from_number(number: i64) -> Priority {
    match number {
        0 => Priority::Low,
        2 => Priority::Urgent,
        _ => Priority::Normal,
    }
}

pub(super) const fn way_to_number(way: Way) -> i64 {
    match way {
        Way::Live => 1,
        Way::Record => 2,
        Way::Mailbox => 4,
    }
}

/// The ways whose numbers were added up.
pub(super) fn ways_from_number(sum: i64) -> Vec<Way> {
    [Way::Live, Way::Record, Way::Mailbox].into_iter().filter(|way| sum & way_to_number(*way) != 0).collect()
}

pub(super) const fn task_from_number(number: i64) -> Option<TaskState> {
    match number {
        1 => Some(TaskState::New),
        2 => Some(TaskState::Accepted),
        3 => Some(TaskState::Done),
        4 => Some(TaskState::Failed),
        5 => Some(TaskState::Declined),
        6 => Some(TaskState::Expired),
        _ => None,
    }
}

pub(super) const fn task_to_number(state: TaskState) -> i64 {
    match state {
        TaskState::New => 1,
        TaskState::Accepted => 2,
        TaskState::Done => 3,
        TaskState::Failed => 4,
        TaskState::Declined => 5,
        TaskState::Expired => 6,
    }
}

/// A reply's status, and the state it puts its task in: the numbers are the same, `received` leaves it new.
pub(super) const fn status_to_number(status: ReplyStatus) -> i64 {
    match status {
        ReplyStatus::Received => 1,
        ReplyStatus::Accepted => 2,
        ReplyStatus::Done => 3,
        ReplyStatus::Failed => 4,
        ReplyStatus::Declined => 5,
        ReplyStatus::Expired => 6,
    }
}

pub(super) const fn status_from_number(number: i64) -> Option<ReplyStatus> {
    match number {
        1 => Some(ReplyStatus::Received),
        2 => Some(ReplyStatus::Accepted),
        3 => Some(ReplyStatus::Done),
        4 => Some(ReplyStatus::Failed),
        5 => Some(ReplyStatus::Declined),
        6 => Some(ReplyStatus::Expired),
        _ => None,
    }
}

/// The answers a person can give to a task in that state.
pub(super) fn actions(state: Option<TaskState>) -> Vec<ReplyStatus> {
    use ReplyStatus::{Accepted, Declined, Done, Failed};
    match state {
        Some(TaskState::New) => vec![Accepted, Done, Failed, Declined],
        Some(TaskState::Accepted) => vec![Done, Failed, Declined],
        Some(TaskState::Done | TaskState::Failed | TaskState::Declined | TaskState::Expired) | None => Vec::new(),
    }
}
