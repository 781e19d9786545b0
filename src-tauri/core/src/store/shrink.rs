//! Giving the file's free pages back to the disk, when there are many.
//!
//! A new file keeps a map by which single pages can be moved (`auto_vacuum = INCREMENTAL`, set in `schema`), so that
//! it is made smaller in steps. A file without one is rebuilt once, which also gives it the map.

use rusqlite::Connection;

use super::{fault::StoreError, schema::PAGE};

/// Fewer free bytes than this are left for what comes next.
const WORTH_IT: i64 = 8 * 1024 * 1024;

/// At least one page of so many must be free.
const ONE_OF: i64 = 4;

/// So many pages are moved in one step: two megabytes, a few milliseconds.
const PAGES: u32 = 256;

/// What is left to give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// More.
    Some,
    /// Much, and the file must be rebuilt for it.
    Rebuild,
    /// Nothing, or too little.
    Nothing,
}

/// Gives some pages back, if many are free; where it was `begun`, as long as any are.
pub(super) fn step(connection: &Connection, begun: bool) -> Result<Left, StoreError> {
    let one = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (free, pages) = (one("freelist_count")?, one("page_count")?);
    if !begun && (free * i64::from(PAGE) < WORTH_IT || free * ONE_OF < pages) {
        return Ok(Left::Nothing);
    }
    if one("auto_vacuum")? != 2 {
        return Ok(Left::Rebuild);
    }
    // One row for each page: it must be read to the end.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(if one("freelist_count")? > 0 { Left::Some } else { Left::Nothing })
}

/// Rebuilds the whole file with a map of its pages.
pub(super) fn rebuild(connection: &Connection) -> Result<(), StoreError> {
    // The copy it makes does not belong in memory.
    connection.execute_batch("PRAGMA temp_store = FILE; PRAGMA auto_vacuum = INCREMENTAL;")?;
    let rebuilt = connection.execute_batch("VACUUM");
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    Ok(rebuilt?)
}
