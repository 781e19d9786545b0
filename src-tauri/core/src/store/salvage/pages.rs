//! Reading rows from the pages themselves, where the way to them is broken (sqlite.org/fileformat2.html).
//!
//! A page that holds rows is known by its first byte, and the table a row is of by the row's shape. Pages that are no
//! longer in use may hold rows as they once were: a row that was saved already is not written over, only moved on.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    Inserting, record,
    shape::{Holds, Table},
};
use crate::store::{cursors, fault::StoreError, receipts, schema};

/// A page's size.
const PAGE: usize = schema::PAGE as usize;

/// The header of the file, in front of what its first page holds.
const FILE_HEADER: usize = 100;

/// The header of the log, and of each page in it.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The first byte of a page with rows of a table, and with rows of one without numbers.
const TABLE_LEAF: u8 = 0x0d;
const INDEX_LEAF: u8 = 0x0a;

/// No row is larger; SQLite's own limit.
const LONGEST: usize = 1_000_000_000;

/// Saves every row that is found on a page.
pub(super) fn save(old: &Path, new: &Connection, tables: &[Table]) -> Result<(), StoreError> {
    let Ok(mut pages) = Pages::open(old) else { return Ok(()) };
    let mut inserting = Inserting::begin(new)?;
    for number in 1..=pages.count {
        // What cannot be read is passed over, as it is everywhere here.
        let Some(page) = pages.read(number) else { continue };
        let start = if number == 1 { FILE_HEADER } else { 0 };
        match page[start] {
            TABLE_LEAF => {
                for (row, payload) in pages.cells(&page, start, true) {
                    let Some(values) = record::values(&payload) else { continue };
                    save_row(&mut inserting, tables, row, values)?;
                }
            }
            INDEX_LEAF => {
                for (_, payload) in pages.cells(&page, start, false) {
                    let Some(values) = record::values(&payload) else { continue };
                    save_small(new, &values)?;
                }
            }
            _ => {}
        }
    }
    inserting.finish()
}

fn save_row(
    inserting: &mut Inserting<'_>,
    tables: &[Table],
    row: i64,
    mut values: Vec<Value>,
) -> Result<(), StoreError> {
    let mut fitting = tables.iter().filter(|table| fits(table, &values));
    let (Some(table), None) = (fitting.next(), fitting.next()) else { return Ok(()) };
    // The number stands beside the record, and an empty place in it.
    let place = table.columns.iter().position(|column| Some(&column.name) == table.number.as_ref());
    if let Some(value) = place.and_then(|place| values.get_mut(place)) {
        *value = Value::Integer(row);
    }
    let columns: Vec<_> = table.columns.iter().take(values.len()).map(|column| column.name.clone()).collect();
    if inserting.row(table, &columns, &values)? {
        return Ok(());
    }
    match table.name.as_str() {
        "messages" => move_on(inserting.new, table, row, &values, ["state", "seen", "receipt"]),
        "outbox" => move_on(inserting.new, table, row, &values, ["state", "resent", "sent_at"]),
        _ => Ok(()),
    }
}

/// Of two states of the same row the later one stands: these columns only ever grow.
fn move_on(new: &Connection, table: &Table, row: i64, values: &[Value], growing: [&str; 3]) -> Result<(), StoreError> {
    let value = |name: &str| {
        let place = table.columns.iter().position(|column| column.name == name);
        place.and_then(|place| values.get(place)).cloned().unwrap_or(Value::Null)
    };
    let [one, two, three] = growing;
    let later = |name: &str, place| format!("{name} = max(coalesce({name}, ?{place}), coalesce(?{place}, {name}))");
    let sql = format!(
        "UPDATE {} SET {}, {}, {} WHERE seq = ?4 AND id IS ?5 AND ({one} < ?1 OR {two} < ?2 OR {three} < ?3)",
        table.name,
        later(one, 1),
        later(two, 2),
        later(three, 3),
    );
    let values = [value(one), value(two), value(three), Value::Integer(row), value("id")];
    new.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Cursors by their names, and small state by its being JSON. Other pages look alike.
fn save_small(new: &Connection, values: &[Value]) -> Result<(), StoreError> {
    match values {
        [Value::Text(name), Value::Integer(position)]
            if [receipts::CURSOR, cursors::LISTENED_UNTIL].contains(&name.as_str()) =>
        {
            cursors::advance(new, name, *position)
        }
        [Value::Text(name), Value::Text(value)] if serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok() => {
            new.prepare_cached("INSERT OR IGNORE INTO kept (name, value) VALUES (?1, ?2)")?.execute([name, value])?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Could that be a row of the table?
fn fits(table: &Table, values: &[Value]) -> bool {
    let Some(number) = &table.number else { return false };
    values.len() <= table.columns.len()
        && table.columns[values.len()..].iter().all(|column| column.may_be_missing)
        && table.columns.iter().zip(values).all(|(column, value)| match value {
            Value::Null => column.may_be_null || column.name == *number,
            Value::Integer(_) => column.holds == Holds::Number && column.name != *number,
            Value::Text(_) => column.holds == Holds::Text,
            Value::Blob(_) => column.holds == Holds::Bytes,
            Value::Real(_) => false,
        })
}

/// The pages of a file, with what its log says of them.
struct Pages {
    file: File,
    count: u32,
    log: Option<File>,
    /// Where a page stands in the log.
    logged: HashMap<u32, u64>,
}

impl Pages {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let pages = file.metadata()?.len().div_ceil(PAGE as u64);
        let mut beside = path.as_os_str().to_owned();
        beside.push("-wal");
        let mut log = File::open(PathBuf::from(beside)).ok();
        let logged = log.as_mut().and_then(|log| frames(log).ok()).unwrap_or_default();
        let last = logged.keys().max().copied().unwrap_or(0);
        Ok(Self { file, count: u32::try_from(pages).unwrap_or(u32::MAX).max(last), log, logged })
    }

    fn read(&mut self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; PAGE];
        if let (Some(at), Some(log)) = (self.logged.get(&number), &mut self.log) {
            log.seek(SeekFrom::Start(*at)).ok()?;
            log.read_exact(&mut page).ok()?;
            return Some(page);
        }
        let at = u64::from(number.checked_sub(1)?) * PAGE as u64;
        self.file.seek(SeekFrom::Start(at)).ok()?;
        let mut read = 0;
        // The last page of a file that was cut off may be a part of one.
        while let Ok(more @ 1..) = self.file.read(&mut page[read..]) {
            read += more;
        }
        (read > 0).then_some(page)
    }

    /// The cells of a page: the row's number, where it has one, and its record.
    fn cells(&mut self, page: &[u8], start: usize, numbered: bool) -> Vec<(i64, Vec<u8>)> {
        let count = short(page, start + 3).unwrap_or(0);
        let places: Vec<_> = (0..count).filter_map(|index| short(page, start + 8 + 2 * index)).collect();
        places.into_iter().filter_map(|at| self.cell(page, at, numbered)).collect()
    }

    fn cell(&mut self, page: &[u8], at: usize, numbered: bool) -> Option<(i64, Vec<u8>)> {
        let (size, mut taken) = record::varint(page.get(at..)?)?;
        let size = usize::try_from(size).ok().filter(|size| *size <= LONGEST)?;
        let mut row = 0;
        if numbered {
            let (number, more) = record::varint(page.get(at + taken..)?)?;
            row = number.cast_signed();
            taken += more;
        }
        let here = in_page(size, numbered);
        let mut payload = page.get(at + taken..at + taken + here)?.to_vec();
        if here < size {
            let next = page.get(at + taken + here..at + taken + here + 4)?;
            self.overflow(u32::from_be_bytes(next.try_into().ok()?), size, &mut payload)?;
        }
        Some((row, payload))
    }

    /// Follows the chain of pages that hold the rest of a large row.
    fn overflow(&mut self, mut next: u32, size: usize, payload: &mut Vec<u8>) -> Option<()> {
        while payload.len() < size {
            // Each page adds to it, so that a chain that bites its tail ends, too.
            let page = self.read(next)?;
            next = u32::from_be_bytes(page[..4].try_into().ok()?);
            let here = (size - payload.len()).min(PAGE - 4);
            payload.extend_from_slice(&page[4..4 + here]);
        }
        Some(())
    }
}

/// How much of a record of that size stands in the page itself.
fn in_page(size: usize, numbered: bool) -> usize {
    let most = if numbered { PAGE - 35 } else { (PAGE - 12) * 64 / 255 - 23 };
    if size <= most {
        return size;
    }
    let least = (PAGE - 12) * 32 / 255 - 23;
    let here = least + (size - least) % (PAGE - 4);
    if here <= most { here } else { least }
}

fn short(page: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(page.get(at..at + 2)?.try_into().ok()?)))
}

/// Where each page last stands among what was committed in the log.
fn frames(log: &mut File) -> io::Result<HashMap<u32, u64>> {
    let mut header = [0; LOG_HEADER];
    log.read_exact(&mut header)?;
    let (mut committed, mut open) = (HashMap::new(), HashMap::new());
    let mut frame = [0; FRAME_HEADER];
    let mut at = LOG_HEADER as u64;
    while log.read_exact(&mut frame).is_ok() {
        // What was written before the log was last begun anew has other numbers here.
        if frame[8..16] != header[16..24] {
            break;
        }
        let number = |range: std::ops::Range<usize>| frame[range].try_into().map_or(0, u32::from_be_bytes);
        open.insert(number(0..4), at + FRAME_HEADER as u64);
        if number(4..8) > 0 {
            committed.extend(open.drain());
        }
        at += (FRAME_HEADER + PAGE) as u64;
        log.seek(SeekFrom::Start(at))?;
    }
    Ok(committed)
}
