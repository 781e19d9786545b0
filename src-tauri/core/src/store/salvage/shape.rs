//! Which tables there are, read from the new file: what a later version adds is saved without a word here.

use rusqlite::Connection;

use crate::store::fault::StoreError;

/// What a column of a strict table can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Number,
    Text,
    Bytes,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) holds: Holds,
    /// May it be without a value?
    pub(super) may_be_null: bool,
    /// May a row be without it?
    pub(super) may_be_missing: bool,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The column that is the row's number, where there is one.
    pub(super) number: Option<String>,
}

/// Our tables; not the search index, which is made anew.
pub(super) fn tables(new: &Connection) -> Result<Vec<Table>, StoreError> {
    let mut statement = new.prepare(
        "SELECT name, wr FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND strict ORDER BY name",
    )?;
    let named = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    named
        .map(|row| {
            let (name, without_number): (String, bool) = row?;
            let (columns, number) = columns(new, &name)?;
            Ok(Table { name, columns, number: number.filter(|_| !without_number) })
        })
        .collect()
}

fn columns(connection: &Connection, table: &str) -> Result<(Vec<Column>, Option<String>), StoreError> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)")?;
    let mut number = None;
    let columns = statement.query_map([table], |row| {
        let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, has_default): (bool, bool) = (row.get(2)?, row.get(3)?);
        let key: i64 = row.get(4)?;
        if key == 1 && kind == "INTEGER" {
            number = Some(name.clone());
        }
        let holds = match kind.as_str() {
            "INTEGER" => Holds::Number,
            "TEXT" => Holds::Text,
            _ => Holds::Bytes,
        };
        Ok(Column { name, holds, may_be_null: !not_null && key == 0, may_be_missing: !not_null || has_default })
    })?;
    let columns = columns.collect::<Result<_, _>>()?;
    Ok((columns, number))
}

/// Those of a table's columns that a file has.
pub(super) fn columns_there(old: &Connection, table: &Table) -> Result<Vec<String>, StoreError> {
    let (there, _) = columns(old, &table.name)?;
    let known = table.columns.iter().filter(|column| there.iter().any(|other| other.name == column.name));
    Ok(known.map(|column| column.name.clone()).collect())
}
