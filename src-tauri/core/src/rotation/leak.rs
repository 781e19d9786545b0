//! Looking for a secret where it must not be: in our own files. It must not look into anybody else's.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use super::scrub;

const PORTION: usize = 1024 * 1024;

/// The files below these folders that hold the secret of this address, in any form. Links are not followed. Blocks for
/// the disk.
pub(crate) fn search(folders: &[PathBuf], url: &SecretString) -> Vec<PathBuf> {
    // Shorter ones are not secrets, and stand everywhere.
    let forms: Vec<_> = scrub::forms(url).into_iter().filter(|form| form.len() >= 8).collect();
    let mut found = Vec::new();
    let mut open = folders.to_vec();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() && holds(&path, &forms).unwrap_or(false) && !found.contains(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn holds(path: &Path, forms: &[Zeroizing<String>]) -> io::Result<bool> {
    let longest = forms.first().map_or(0, |form| form.len());
    let mut file = File::open(path)?;
    let mut portion = vec![0; PORTION + longest];
    let mut kept = 0;
    let found = loop {
        let read = file.read(&mut portion[kept..])?;
        let filled = kept + read;
        if forms.iter().any(|form| contains(&portion[..filled], form.as_bytes())) {
            break true;
        }
        if read == 0 {
            break false;
        }
        // What may be the beginning of it stays for the next look.
        let from = filled.saturating_sub(longest);
        portion.copy_within(from..filled, 0);
        kept = filled - from;
    };
    portion.zeroize();
    Ok(found)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return false };
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| byte == first) {
        if text[from + at + 1..].starts_with(rest) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_it_also_across_two_portions() {
        let folder = tempfile::tempdir().unwrap();
        let url = SecretString::from("rediss://default:p%40ssword-1@h:1");
        let write = |name: &str, before: usize, what: &str| {
            fs::write(folder.path().join(name), [vec![b'x'; before], what.as_bytes().to_vec()].concat()).unwrap();
        };
        fs::create_dir(folder.path().join("below")).unwrap();
        write("clean", 9, "p@ssword-2");
        write("below/plain", 3, "p@ssword-1");
        write("encoded", PORTION + 20, "p%40ssword-1 and more");
        let found = search(&[folder.path().to_owned()], &url);
        assert_eq!(found, [folder.path().join("below/plain"), folder.path().join("encoded")]);
    }
}
