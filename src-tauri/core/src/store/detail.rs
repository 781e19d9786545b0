//! Reading one message with everything that happened to it.

use rusqlite::Connection;

use super::{
    fault::StoreError,
    list, outbox, state,
    view::{Detail, Moment, MomentKind, Row, TaskState, Way},
};
use crate::{
    message::{Millis, ReplyStatus, fields, raw_text},
    text,
};

/// How much of what came is shown, in bytes.
const RAW: usize = 256 * 1024;

/// One message with everything known of it.
pub(super) fn read(connection: &Connection, seq: i64) -> Result<Detail, StoreError> {
    let row = list::row(connection, seq)?;
    let mut statement = connection.prepare_cached(
        "SELECT id, reply_to, sent_at, payload, receipt, receipt_at, login, doubt FROM messages WHERE seq = ?1",
    )?;
    let mut timeline = vec![Moment { at: row.received_at, kind: MomentKind::Arrived, text: arrived(&row) }];
    let mut detail = statement.query_row([seq], |columns| {
        let payload = columns.get_ref(3)?.as_blob()?;
        let (fields, extra) = fields(payload);
        let (raw, raw_cut) = raw_text(payload, RAW);
        timeline.extend(receipt(&row, columns.get(4)?, columns.get(5)?));
        Ok(Detail {
            id: columns.get::<_, Option<String>>(0)?.map(|id| text::line(&id, 256)),
            reply_to: columns.get::<_, Option<String>>(1)?.map(|id| text::line(&id, 256)),
            login: columns.get::<_, Option<String>>(6)?.map(|login| text::line(&login, 60)),
            doubt: columns.get(7)?,
            sent_at: columns.get(2)?,
            fields,
            extra,
            raw,
            raw_cut,
            bytes: payload.len() as u64,
            timeline: Vec::new(),
            actions: state::actions(row.state),
            row: row.clone(),
        })
    })?;
    timeline.extend(replies(connection, seq, &row.from)?);
    detail.timeline = timeline;
    Ok(detail)
}

fn arrived(row: &Row) -> String {
    let how: Vec<_> = row
        .ways
        .iter()
        .map(|way| match way {
            Way::Live => "live",
            Way::Record => "from the record",
            Way::Mailbox => "by GitHub",
        })
        .collect();
    // Heard as it was sent is how messages come; only another way is worth a word.
    if how == ["live"] {
        return format!("Arrived on {}", row.channel);
    }
    format!("Arrived on {}, {}", row.channel, how.join(" and "))
}

fn receipt(row: &Row, receipt: i64, at: Option<Millis>) -> Option<Moment> {
    let from = &row.from;
    let (kind, text) = match (receipt, row.state == Some(TaskState::Expired)) {
        (1, false) => (MomentKind::Unheard, format!("Receipt sent; {from} was not listening")),
        (2, false) => (MomentKind::Heard, format!("{from} knows it was received")),
        (1, true) => (MomentKind::Unheard, format!("Answered that it had expired; {from} was not listening")),
        (2, true) => (MomentKind::Heard, format!("{from} knows that it had expired when it came")),
        _ => return None,
    };
    Some(Moment { at: at?, kind, text })
}

fn replies(connection: &Connection, seq: i64, from: &str) -> Result<Vec<Moment>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT status, state, resent, created_at, sent_at, refusal, note, mailbox FROM outbox
         WHERE about = ?1 AND status > 1 ORDER BY seq",
    )?;
    let rows = statement.query_map([seq], |row| {
        let said = said(state::status_from_number(row.get(0)?), &row.get::<_, String>(6)?);
        let (created, sent): (Millis, Option<Millis>) = (row.get(3)?, row.get(4)?);
        let resent = row.get::<_, i64>(2)? > 0;
        let mailbox: i64 = row.get(7)?;
        let why: Option<String> = row.get(5)?;
        let (kind, what) = match row.get::<_, i64>(1)? {
            0 if mailbox == outbox::CANNOT_BE_MAILED => {
                (MomentKind::Waiting, format!("waits for Redis: {}", why.unwrap_or_default()))
            }
            1 if mailbox == outbox::MAILED && !resent => {
                (MomentKind::Waiting, format!("left at GitHub for {from}; goes out again when {from} is heard"))
            }
            0 if resent => (MomentKind::Waiting, format!("goes out again, {from} was heard")),
            0 => (MomentKind::Waiting, "waits to be sent".to_owned()),
            1 if why.is_some() => {
                let again = if resent { String::new() } else { format!("; goes out again when {from} is heard") };
                (MomentKind::Unheard, format!("not sent: {}{again}", why.unwrap_or_default()))
            }
            1 if resent => (MomentKind::Unheard, format!("sent twice, {from} was not listening")),
            1 => (MomentKind::Unheard, format!("sent, {from} was not listening; goes out again when {from} is heard")),
            2 => (MomentKind::Heard, format!("heard by {from}")),
            _ => (MomentKind::Refused, format!("refused: {}", why.unwrap_or_default())),
        };
        Ok([
            Moment { at: created, kind: MomentKind::Answered, text: said },
            Moment { at: sent.unwrap_or(created), kind, text: text::capital(&what) },
        ])
    })?;
    let pairs = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(pairs.into_iter().flatten().collect())
}

fn said(status: Option<ReplyStatus>, note: &str) -> String {
    let word = match status {
        Some(ReplyStatus::Accepted) => "You accepted it",
        Some(ReplyStatus::Done) => "You said it is done",
        Some(ReplyStatus::Failed) => "You said it failed",
        Some(ReplyStatus::Declined) => "You declined it",
        Some(ReplyStatus::Expired) => "It expired",
        Some(ReplyStatus::Received) | None => "Answered",
    };
    if note.is_empty() { word.to_owned() } else { format!("{word}: {}", text::line(note, 300)) }
}
