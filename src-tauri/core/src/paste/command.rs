//! A command line of `redis-cli`.

use zeroize::Zeroizing;

use super::{
    clues::{Clues, Pair, Secret},
    role::named,
};

/// Options that take a value which is of no use here.
const PASSED_OVER: [&str; 13] =
    ["-n", "-r", "-i", "-s", "-d", "-D", "-t", "--sni", "--cacert", "--cacertdir", "--cert", "--key", "--count"];

/// Does the line call `redis-cli`?
pub(super) fn is_one(line: &str) -> bool {
    line.split_whitespace().any(is_program)
}

fn is_program(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'', '`']);
    word == "redis-cli" || word.ends_with("/redis-cli") || word == "redis-cli.exe"
}

/// Adds what its options say.
pub(super) fn read(line: &str, clues: &mut Clues) {
    let line = line.trim_matches('`');
    let words = shlex::split(line).unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect());
    let mut words = words.into_iter().map(Zeroizing::new);
    for word in words.by_ref() {
        if is_program(&word) {
            break;
        }
        if let Some((name, value)) = word.split_once('=')
            && let Some(named) = named(name)
        {
            clues.take(Pair { named, value: Zeroizing::new(value.to_owned()) });
        }
    }
    let mut tls = false;
    while let Some(word) = words.next() {
        let (option, glued) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(Zeroizing::new(value.to_owned()))),
            _ => (word.as_str(), None),
        };
        let mut value = || -> Secret { glued.clone().or_else(|| words.next()).unwrap_or_default() };
        match option {
            "--tls" => tls = true,
            "--insecure" => clues.insecure = true,
            "-u" | "--uri" => clues.link(&value()),
            "-a" | "--pass" => clues.password = Some(value()).filter(|password| !password.is_empty()),
            "--user" => clues.user = Some(value().to_string()),
            "-h" | "--host" => clues.host(value().to_string()),
            "-p" | "--port" => clues.port = Some(value().to_string()),
            _ if PASSED_OVER.contains(&option) => {
                value();
            }
            _ if option.starts_with('-') => {}
            // From here on it is a command for the server.
            _ => break,
        }
    }
    clues.tls = Some(tls);
}
