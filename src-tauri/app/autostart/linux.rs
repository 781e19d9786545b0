//! The entry as a file: `~/.config/autostart/heliograph.desktop`.
//!
//! The plugin writes the program's path as it is; the Desktop Entry Specification wants it quoted.

use std::{env, fs, io, path::PathBuf};

use super::{BACKGROUND, NAME};

/// Where the entry is, if there is one.
pub(crate) fn place() -> Option<String> {
    file().filter(|path| path.exists()).map(|path| path.display().to_string())
}

/// Is the entry in force? A desktop that switches it off writes so into it and leaves it there.
pub(super) fn is_wanted() -> io::Result<bool> {
    let Some(text) = read()? else { return Ok(false) };
    Ok(!text.lines().any(|line| matches!(line.trim(), "Hidden=true" | "X-GNOME-Autostart-enabled=false")))
}

/// Sees to it that the entry starts this very program, and says whether it was changed.
pub(super) fn mend() -> io::Result<bool> {
    let (Some(path), Some(text)) = (file(), read()?) else { return Ok(false) };
    let mended = with_command(&text, &command(&program()?));
    if mended == text {
        return Ok(false);
    }
    // All or nothing: somebody may log in at this moment. By this name no desktop starts it.
    let new = path.with_extension("desktop.new");
    fs::write(&new, mended)?;
    fs::rename(&new, &path)?;
    Ok(true)
}

fn file() -> Option<PathBuf> {
    // Where the plugin puts it.
    let home = env::home_dir()?;
    Some(home.join(".config/autostart").join(format!("{NAME}.desktop")))
}

fn read() -> io::Result<Option<String>> {
    let Some(path) = file() else { return Ok(None) };
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// This program; an `AppImage` by its own path, which is not that of what runs inside.
fn program() -> io::Result<String> {
    let path = match env::var_os("APPIMAGE") {
        Some(image) => PathBuf::from(image),
        None => env::current_exe()?,
    };
    path.into_os_string().into_string().map_err(|_| io::Error::other("the program’s path is not text"))
}

/// The `Exec` line, quoted as the Desktop Entry Specification says ("The Exec key").
fn command(program: &str) -> String {
    let plain = program.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'+'));
    if plain {
        return format!("Exec={program} {BACKGROUND}");
    }
    let mut quoted = String::with_capacity(program.len() + 8);
    for character in program.chars() {
        match character {
            // Escaped for the quotes, and the backslashes once more for the file.
            '"' | '`' | '$' => quoted.extend(["\\\\", character.encode_utf8(&mut [0; 4])]),
            '\\' => quoted.push_str("\\\\\\\\"),
            // A field code would begin here.
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    format!("Exec=\"{quoted}\" {BACKGROUND}")
}

/// The same entry with another command.
fn with_command(text: &str, command: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(|line| if line.trim_start().starts_with("Exec=") { command } else { line }).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_as_the_specification_says() {
        assert_eq!(command("/usr/bin/heliograph"), "Exec=/usr/bin/heliograph --background");
        assert_eq!(command("/opt/My Apps/heliograph"), "Exec=\"/opt/My Apps/heliograph\" --background");
        assert_eq!(command("/a$b\"c`d"), "Exec=\"/a\\\\$b\\\\\"c\\\\`d\" --background");
        assert_eq!(command("/a\\b"), "Exec=\"/a\\\\\\\\b\" --background");
        assert_eq!(command("/100%"), "Exec=\"/100%%\" --background");
    }

    #[test]
    fn only_the_command_changes() {
        let text = "[Desktop Entry]\nName=heliograph\nExec=/old/place --background\nTerminal=false";
        let mended = with_command(text, "Exec=/new/place --background");
        assert_eq!(mended, "[Desktop Entry]\nName=heliograph\nExec=/new/place --background\nTerminal=false\n");
        assert_eq!(with_command(&mended, "Exec=/new/place --background"), mended);
    }
}
