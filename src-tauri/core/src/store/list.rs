//! Reading the inbox as a list.

use rusqlite::{Connection, Row as SqlRow, params_from_iter, types::Value};

use super::{
    cursors,
    fault::StoreError,
    kind_of, search, state,
    view::{Filter, Gap, ListPage, ListRequest, Row},
};
use crate::{message::summarise, text};

/// No page is longer.
const MOST_ROWS: u32 = 500;

/// How much of a payload is read for its line in the list; a longer one shows what is found in that much.
const COLUMNS: &str = "m.seq, m.sender, m.channel, m.kind, m.priority, m.received_at, m.expires_at, m.state, m.seen,
    (SELECT o.state FROM outbox o WHERE o.about = m.seq AND o.status > 1 ORDER BY o.seq DESC LIMIT 1),
    (SELECT o.note FROM outbox o WHERE o.about = m.seq AND o.status > 1 ORDER BY o.seq DESC LIMIT 1),
    m.payload, m.ways";

/// The condition of a list, and the values in it.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn of(connection: &Connection, request: &ListRequest) -> Result<Option<Self>, StoreError> {
        let mut sql = match request.filter {
            Filter::Open => "m.state IN (1, 2)",
            Filter::Answered => "m.state > 2",
            Filter::All => "1",
            Filter::Feed => "m.state = 0",
        }
        .to_owned();
        let mut values = Vec::new();
        if !request.search.trim().is_empty() {
            let Some(expression) = search::expression(&request.search) else { return Ok(None) };
            sql += " AND (m.seq IN (SELECT rowid FROM search WHERE search MATCH ?)
                     OR (m.seq > ? AND instr(lower(CAST(m.payload AS TEXT)), lower(?)) > 0))";
            values.push(expression.into());
            values.push(cursors::read(connection, search::CURSOR)?.into());
            values.push(request.search.trim().to_owned().into());
        }
        Ok(Some(Self { sql, values }))
    }

    fn count(&self, connection: &Connection, and: &str, bound: i64) -> Result<u32, StoreError> {
        let sql = format!("SELECT count(*) FROM messages m WHERE {} AND {and}", self.sql);
        let values = self.values.iter().cloned().chain([bound.into()]);
        Ok(connection.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?)
    }
}

/// A page of the list.
pub(super) fn page(connection: &Connection, request: &ListRequest) -> Result<ListPage, StoreError> {
    let newest: i64 = connection.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))?;
    let anchor = request.anchor.unwrap_or(newest).min(newest);
    let empty = ListPage { anchor, total: 0, newer: 0, offset: request.offset, rows: Vec::new() };
    let Some(condition) = Condition::of(connection, request)? else { return Ok(empty) };
    let total = total(connection, request, &condition, anchor)?;
    let newer = if anchor < newest { condition.count(connection, "m.seq > ?", anchor)? } else { 0 };
    // One row more at the upper end: the gaps above the first row end at the row before it.
    let before = u32::from(request.offset > 0);
    let mut rows =
        rows(connection, &condition, anchor, request.offset - before, request.limit.min(MOST_ROWS) + before, total)?;
    let upper = match before {
        1 if !rows.is_empty() => rows.remove(0).seq - 1,
        _ if newer > 0 => anchor,
        _ => i64::MAX,
    };
    add_gaps(connection, &mut rows, upper)?;
    Ok(ListPage { total, newer, rows, ..empty })
}

/// The newest open tasks. Their number is not asked for: counting a million takes longer than finding three.
pub(super) fn newest_open(connection: &Connection, most: u32) -> Result<Vec<Row>, StoreError> {
    match Condition::of(connection, &ListRequest { filter: Filter::Open, ..ListRequest::default() })? {
        Some(open) => rows(connection, &open, i64::MAX, 0, most, 0),
        None => Ok(Vec::new()),
    }
}

/// Everything is counted by its three parts, each of which has an index; the table itself would be read whole.
fn total(
    connection: &Connection,
    request: &ListRequest,
    condition: &Condition,
    anchor: i64,
) -> Result<u32, StoreError> {
    if request.filter != Filter::All || !condition.values.is_empty() {
        return condition.count(connection, "m.seq <= ?", anchor);
    }
    let mut sum = 0;
    for filter in [Filter::Open, Filter::Answered, Filter::Feed] {
        let part = ListRequest { filter, ..ListRequest::default() };
        if let Some(part) = Condition::of(connection, &part)? {
            sum += part.count(connection, "m.seq <= ?", anchor)?;
        }
    }
    Ok(sum)
}

fn rows(
    connection: &Connection,
    condition: &Condition,
    anchor: i64,
    offset: u32,
    limit: u32,
    total: u32,
) -> Result<Vec<Row>, StoreError> {
    // Where no row is missing, the one at an offset is known by its number and need not be counted to.
    let first: i64 = connection.query_row("SELECT coalesce(min(seq), 1) FROM messages", [], |row| row.get(0))?;
    let whole = condition.sql == "1" && i64::from(total) == anchor - first + 1;
    let (top, skip) = if whole { (anchor - i64::from(offset), 0) } else { (anchor, offset) };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages m JOIN
           (SELECT m.seq FROM messages m WHERE {} AND m.seq <= ? ORDER BY m.seq DESC LIMIT ? OFFSET ?) page
         ON m.seq = page.seq ORDER BY m.seq DESC",
        condition.sql
    );
    let values = condition.values.iter().cloned().chain([top.into(), i64::from(limit).into(), i64::from(skip).into()]);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One row by its number.
pub(super) fn row(connection: &Connection, seq: i64) -> Result<Row, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM messages m WHERE m.seq = ?1");
    connection.prepare_cached(&sql)?.query_row([seq], read_row).map_err(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => StoreError::NotPossible("That message is not in the inbox.".into()),
        other => other.into(),
    })
}

fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let kind = kind_of(row.get_ref(3)?.as_str()?);
    let payload = row.get_ref(11)?.as_blob()?;
    let summary = summarise(&kind, payload);
    let answer: Option<String> = row.get(10)?;
    Ok(Row {
        seq: row.get(0)?,
        from: text::line(&row.get::<_, String>(1)?, 60),
        channel: text::line(&row.get::<_, String>(2)?, 80),
        kind: text::line(kind.name(), 60),
        title: summary.title,
        preview: summary.preview,
        priority: state::priority_from_number(row.get(4)?),
        received_at: row.get(5)?,
        expires_at: row.get(6)?,
        state: state::task_from_number(row.get(7)?),
        unread: row.get::<_, i64>(7)? > 0 && row.get::<_, i64>(8)? == 0,
        heard: row.get::<_, Option<i64>>(9)?.map(|state| state == 2),
        answer: answer.map(|answer| text::line(&answer, 200)).filter(|answer| !answer.is_empty()),
        ways: state::ways_from_number(row.get(12)?),
        gaps_after: Vec::new(),
    })
}

/// Hangs each gap on the newest row that had come before it ended.
fn add_gaps(connection: &Connection, rows: &mut [Row], upper: i64) -> Result<(), StoreError> {
    let Some(oldest) = rows.last().map(|row| row.seq) else { return Ok(()) };
    let mut statement = connection.prepare_cached(
        "SELECT since, until, cause, after_seq FROM gaps WHERE after_seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT 200",
    )?;
    let gaps = statement.query_map([oldest, upper], |row| {
        Ok((Gap { from: row.get(0)?, until: row.get(1)?, cause: row.get(2)? }, row.get::<_, i64>(3)?))
    })?;
    for gap in gaps {
        let (gap, after) = gap?;
        if let Some(row) = rows.iter_mut().find(|row| row.seq <= after) {
            row.gaps_after.push(gap);
        }
    }
    Ok(())
}
