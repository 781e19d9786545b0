//! Reading what can be read of a damaged file into a new one.
//!
//! First through SQLite, row by row and around what it cannot read; where that did not reach everything, from the
//! pages themselves (`pages`). The old file is only ever read.

mod pages;
mod record;
mod shape;

use std::path::Path;

use rusqlite::{Connection, Row, params_from_iter, types::Value};

use self::shape::Table;
use super::{fault::StoreError, receipts, schema, search};

/// So many rows go into one commit.
const ROWS_A_COMMIT: u32 = 5_000;

/// Behind a row that cannot be read, so many numbers are tried one by one; then the steps double.
const ONE_BY_ONE: u32 = 2_000;

/// No step is longer, and no row is looked for behind one.
const LONGEST_STEP: i64 = 1 << 40;

/// What was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// Messages.
    pub(super) messages: u64,
    /// Was everything read without an error?
    pub(super) whole: bool,
}

/// Saves everything there is to be read.
pub(super) fn all(old: &Path, new: &mut Connection) -> Result<Saved, StoreError> {
    let tables = shape::tables(new)?;
    // What a row is about may be among what is lost.
    new.execute_batch("PRAGMA foreign_keys = OFF")?;
    let mut whole = false;
    if let Ok(readable) = schema::open_for_reading(old) {
        whole = true;
        for table in &tables {
            whole &= copy(&readable, new, table)?;
        }
    }
    if !whole {
        pages::save(old, new, &tables)?;
    }
    settle(new)?;
    new.execute_batch("PRAGMA foreign_keys = ON")?;
    let messages: i64 = new.query_row("SELECT count(*) FROM messages", [], |row| row.get(0))?;
    Ok(Saved { messages: messages.unsigned_abs(), whole })
}

/// Makes what was saved agree with itself.
fn settle(new: &Connection) -> Result<(), StoreError> {
    // The search index was not copied and is made anew. A cursor that was lost stands behind the last receipt that is
    // known to have been given: otherwise each would be given once more.
    new.execute("DELETE FROM cursors WHERE name = ?1", [search::CURSOR])?;
    new.execute(
        // What was imported stands below the first.
        "INSERT INTO cursors (name, position) SELECT ?1, min(seq) - 1 FROM messages HAVING min(seq) IS NOT NULL",
        [search::CURSOR],
    )?;
    new.execute(
        "INSERT OR IGNORE INTO cursors (name, position)
         SELECT ?1, max(seq) FROM messages WHERE receipt > 0 HAVING max(seq) IS NOT NULL",
        [receipts::CURSOR],
    )?;
    new.execute(
        "UPDATE outbox SET about = NULL
         WHERE about IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = outbox.about)",
        [],
    )?;
    Ok(())
}

/// Copies a table as far as SQLite can read it. Returns whether that was to its end.
fn copy(old: &Connection, new: &Connection, table: &Table) -> Result<bool, StoreError> {
    let Ok(columns) = shape::columns_there(old, table) else { return Ok(false) };
    if columns.is_empty() {
        // An older file does not have it; whether a damaged one does is not known.
        return Ok(old.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).is_ok());
    }
    let mut inserting = Inserting::begin(new)?;
    let listed = columns.join(", ");
    let name = &table.name;
    let read = if let Some(number) = &table.number {
        let sql = format!("SELECT {listed}, {number} FROM {name} WHERE {number} > ?1 ORDER BY {number}");
        by_number(&Reading { old, table, columns: &columns, sql }, number, &mut inserting)?
    } else {
        let sql = format!("SELECT {listed} FROM {name}");
        Reading { old, table, columns: &columns, sql }.on(None, &mut inserting, &mut 0)?
    };
    inserting.finish()?;
    Ok(read)
}

/// From number to number, and around what cannot be read.
fn by_number(reading: &Reading<'_>, number: &str, inserting: &mut Inserting<'_>) -> Result<bool, StoreError> {
    let one = |what: &str| {
        let sql = format!("SELECT {what}({number}) FROM {}", reading.table.name);
        reading.old.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).ok().flatten()
    };
    let mut last = one("min").unwrap_or(1).saturating_sub(1);
    let end = one("max").unwrap_or(i64::MAX);
    let (mut whole, mut tries, mut step) = (true, 0_u32, 1_i64);
    loop {
        let before = last;
        if reading.on(Some(last), inserting, &mut last)? {
            return Ok(whole);
        }
        whole = false;
        (tries, step) = if last > before { (0, 1) } else { (tries + 1, step) };
        if tries > ONE_BY_ONE {
            step *= 2;
        }
        last = last.saturating_add(step);
        if last >= end || step > LONGEST_STEP {
            return Ok(false);
        }
    }
}

/// Rows on their way into the new file, many to a commit.
struct Inserting<'a> {
    new: &'a Connection,
    rows: u32,
}

impl<'a> Inserting<'a> {
    fn begin(new: &'a Connection) -> Result<Self, StoreError> {
        new.execute_batch("BEGIN")?;
        Ok(Self { new, rows: 0 })
    }

    /// Takes a row, and says whether it was new. One that the table cannot hold is passed over: it was not read as it
    /// was written.
    fn row(&mut self, table: &Table, columns: &[String], values: &[Value]) -> Result<bool, StoreError> {
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {} ({}) VALUES ({places})", table.name, columns.join(", "));
        let inserted = self.new.prepare_cached(&sql)?.execute(params_from_iter(values)).map_err(StoreError::from);
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_A_COMMIT) {
            self.new.execute_batch("COMMIT; BEGIN")?;
        }
        match inserted {
            Err(error) if !error.is_of_the_row() => Err(error),
            inserted => Ok(inserted.is_ok_and(|rows| rows > 0)),
        }
    }

    fn finish(self) -> Result<(), StoreError> {
        self.new.execute_batch("COMMIT")?;
        Ok(())
    }
}

/// What is read from where.
struct Reading<'a> {
    old: &'a Connection,
    table: &'a Table,
    columns: &'a [String],
    sql: String,
}

impl Reading<'_> {
    /// Reads until the end (`true`) or an error of the old file (`false`). `last` follows the number of each row,
    /// which stands behind the columns.
    fn on(&self, from: Option<i64>, inserting: &mut Inserting<'_>, last: &mut i64) -> Result<bool, StoreError> {
        let Ok(mut statement) = self.old.prepare_cached(&self.sql) else { return Ok(false) };
        let Ok(mut rows) = statement.query(params_from_iter(from)) else { return Ok(false) };
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let Ok(values) = values(row, self.columns.len()) else { return Ok(false) };
                    if from.is_some() {
                        *last = row.get(self.columns.len())?;
                    }
                    inserting.row(self.table, self.columns, &values)?;
                }
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }
}

fn values(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    (0..columns).map(|column| row.get(column)).collect()
}
