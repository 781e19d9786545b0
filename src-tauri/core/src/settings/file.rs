//! The person's file: read over the defaults, and written so that their comments stay.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, Value};

use super::Settings;
use crate::trouble::{Trouble, TroubleCode};

/// The defaults, with a word on each.
pub const DEFAULTS: &str = include_str!("defaults.toml");

impl Default for Settings {
    fn default() -> Self {
        // A test parses the defaults; they are part of the program.
        #[expect(clippy::expect_used, reason = "compiled in, and parsed by a test")]
        toml::from_str(DEFAULTS).expect("the compiled-in defaults are sound")
    }
}

impl Settings {
    /// Reads the person's file over the defaults.
    ///
    /// A file that is not there is none. Keys that are not known are passed over and reported with their lines. One
    /// that cannot be used is kept aside under another name, the defaults stand, and the trouble says why.
    pub fn load(path: &Path) -> (Self, Option<Trouble>) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (Self::default(), None),
            // Not a file, not text, not ours to read: left where it is.
            Err(error) => return (Self::default(), Some(unusable(path, &error.to_string(), None))),
        };
        match Self::parse(&text) {
            Ok((settings, unknown)) if unknown.is_empty() => (settings, None),
            Ok((settings, unknown)) => (settings, Some(not_known(path, &unknown))),
            Err(why) => (Self::default(), Some(unusable(path, &why, keep_aside(path).as_deref()))),
        }
    }

    /// Writes what differs from the defaults into the person's file. What else stands there stays: comments, order,
    /// and keys that are not known.
    ///
    /// Fails where the file cannot be written; then it is as it was. Blocks for the disk.
    pub fn save(&self, path: &Path) -> Result<(), Trouble> {
        let theirs = fs::read_to_string(path).unwrap_or_default();
        // What cannot be read was kept aside when it was loaded, or has been broken since.
        let mut document = theirs.parse::<DocumentMut>().unwrap_or_else(|_| {
            keep_aside(path);
            DocumentMut::new()
        });
        let ours = tables(self).map_err(|why| not_written(path, &why))?;
        let defaults = tables(&Self::default()).map_err(|why| not_written(path, &why))?;
        write_over(document.as_table_mut(), &ours, &defaults);
        replace(path, document.to_string().as_bytes()).map_err(|error| not_written(path, &error.to_string()))
    }

    /// The settings, and the keys that are not known with their lines.
    fn parse(text: &str) -> Result<(Self, Vec<String>), String> {
        // By itself first: errors then name the line in the person's own file.
        let mut theirs: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut merged: toml::Table = toml::from_str(DEFAULTS).map_err(|error| error.to_string())?;
        let mut unknown = Vec::new();
        drop_unknown(&mut theirs, &merged, text, "", &mut unknown);
        lay_over(&mut merged, theirs);
        let settings: Self = merged.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        settings.check().map_err(|trouble| trouble.message)?;
        Ok((settings, unknown))
    }
}

/// What stands above counts.
pub(super) fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// Takes out what the defaults do not have, and notes where it stood.
fn drop_unknown(theirs: &mut toml::Table, known: &toml::Table, text: &str, within: &str, unknown: &mut Vec<String>) {
    theirs.retain(|key, value| {
        let path = if within.is_empty() { key.to_string() } else { format!("{within}.{key}") };
        match (known.get(key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(below)) => {
                drop_unknown(below, known, text, &path, unknown);
                true
            }
            (Some(_), _) => true,
            (None, _) => {
                let place = line_of(text, &path).map_or_else(String::new, |line| format!(" (line {line})"));
                unknown.push(format!("{path}{place}"));
                false
            }
        }
    });
}

/// The line in which a key stands.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let document = toml_edit::Document::parse(text).ok()?;
    let mut table: &dyn toml_edit::TableLike = document.as_table();
    let mut span = None;
    for part in path.split('.') {
        let (key, item) = table.get_key_value(part)?;
        span = key.span().or(item.span());
        match item.as_table_like() {
            Some(below) => table = below,
            None => break,
        }
    }
    Some(text.get(..span?.start)?.matches('\n').count() + 1)
}

fn tables(settings: &Settings) -> Result<Table, String> {
    let text = toml::to_string(settings).map_err(|error| error.to_string())?;
    Ok(text.parse::<DocumentMut>().map_err(|error| error.to_string())?.as_table().clone())
}

/// Brings `theirs` to say what `ours` does: what is as by default is taken out, what differs is put in.
fn write_over(theirs: &mut Table, ours: &Table, defaults: &Table) {
    for (key, item) in ours {
        let default = defaults.get(key);
        if let (Item::Table(below), Some(Item::Table(default))) = (item, default) {
            let fresh = !theirs.contains_key(key);
            if let Some(table) = theirs.entry(key).or_insert_with(toml_edit::table).as_table_mut() {
                write_over(table, below, default);
                if fresh && table.is_empty() {
                    theirs.remove(key);
                }
            }
        } else if same(Some(item), default) {
            theirs.remove(key);
        } else if !same(theirs.get(key), Some(item)) {
            put(theirs, key, item);
        }
    }
}

/// Puts a value in the place of another, with the comment that stands behind that.
fn put(table: &mut Table, key: &str, item: &Item) {
    let mut item = item.clone();
    let decor = table.get(key).and_then(Item::as_value).map(|value| value.decor().clone());
    if let (Some(value), Some(decor)) = (item.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
    match table.get_mut(key) {
        Some(old) => *old = item,
        None => {
            table.insert(key, item);
        }
    }
}

/// Do they say the same, however it is written?
fn same(one: Option<&Item>, other: Option<&Item>) -> bool {
    let value = |item: Option<&Item>| {
        let mut value = item?.as_value()?.clone();
        plain(&mut value);
        Some(value.to_string())
    };
    value(one) == value(other)
}

/// Without the white space and comments around it.
fn plain(value: &mut Value) {
    value.decor_mut().clear();
    match value {
        Value::Array(values) => {
            values.set_trailing("");
            values.set_trailing_comma(false);
            values.iter_mut().for_each(plain);
            values.fmt();
        }
        Value::String(text) => {
            let bare = text.value().clone();
            *value = Value::from(bare);
        }
        Value::Integer(number) => {
            let bare = *number.value();
            *value = Value::from(bare);
        }
        _ => {}
    }
}

/// Writes all or nothing, for this user alone.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("toml.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Gives a file that cannot be used another name, and says which.
fn keep_aside(path: &Path) -> Option<PathBuf> {
    let date = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    let aside = path.with_extension(format!("toml.broken-{date}"));
    fs::rename(path, &aside).ok().map(|()| aside)
}

fn unusable(path: &Path, why: &str, aside: Option<&Path>) -> Trouble {
    let kept = aside.map_or_else(String::new, |aside| format!(" It was kept as {}.", aside.display()));
    Trouble::new(
        TroubleCode::SettingsUnreadable,
        format!("The settings in {} cannot be used: {}{kept}", path.display(), sentence(why)),
        "The defaults are in force. Set what you need again, or mend the file and start Heliograph again.",
    )
}

fn sentence(why: &str) -> String {
    let why = why.trim();
    if why.ends_with('.') { why.to_owned() } else { format!("{why}.") }
}

fn not_known(path: &Path, unknown: &[String]) -> Trouble {
    Trouble::new(
        TroubleCode::SettingsUnreadable,
        format!("The settings in {} name what is not known: {}.", path.display(), unknown.join(", ")),
        "Everything else there is in force. Look for a misspelling, or take them out.",
    )
}

fn not_written(path: &Path, why: &str) -> Trouble {
    Trouble::new(
        TroubleCode::SettingsUnreadable,
        format!("The settings could not be written to {}: {}", path.display(), sentence(why)),
        "They stay as they were. Make room or mend the folder’s permissions, and try again.",
    )
}

#[cfg(test)]
mod tests;
