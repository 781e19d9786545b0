//! The person's own command: it gets a secret on its standard input, and nowhere else. No shell runs it.

use std::{process::Stdio, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::{rotation::scrub, text};

/// So many bytes of each of its outputs are kept.
const KEPT: usize = 4 * 1024;

/// Variables that may hold what it is to get on its standard input only.
const SECRETS: [&str; 4] =
    ["UPSTASH_REDIS_URL", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "UPSTASH_API_KEY"];

/// What the command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Did it end with status 0?
    pub(crate) worked: bool,
    /// Its status and what it said, without the secret.
    pub(crate) words: String,
}

/// The command's words; empty where it cannot be split.
pub(crate) fn words(command: &str) -> Vec<String> {
    shlex::split(command).unwrap_or_default()
}

/// Runs the command with `secret` and a line's end on its standard input.
pub(crate) async fn run(command: &str, secret: &SecretString, limit: Duration) -> Ran {
    let split = words(command);
    let Some((program, arguments)) = split.split_first() else {
        return failed("The command cannot be split into words.".into());
    };
    let mut prepared = Command::new(program);
    prepared.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for name in SECRETS {
        prepared.env_remove(name);
    }
    let mut child = match prepared.spawn() {
        Ok(child) => child,
        Err(error) => return failed(format!("The command could not be started: {error}.")),
    };
    let mut said = (Vec::new(), Vec::new());
    let ended = timeout(limit, talk(&mut child, secret, &mut said)).await;
    let forms = scrub::forms(secret);
    let said = [said.0, said.1].map(|bytes| {
        let cut_off = bytes.len() >= KEPT;
        scrub::scrubbed(&String::from_utf8_lossy(&bytes), &forms, cut_off)
    });
    let said = text::block(said.join("\n").trim(), KEPT);
    let (worked, how) = match ended {
        Err(_) => {
            // Its time is up; what it has started itself is its own to end.
            let _ = child.start_kill();
            (false, format!("It did not end within {} seconds and was ended.", limit.as_secs()))
        }
        Ok(Err(error)) => (false, format!("It could not be waited for: {error}.")),
        Ok(Ok(status)) => match status.code() {
            Some(code) => (status.success(), format!("It ended with status {code}.")),
            None => (false, "It was ended by a signal.".into()),
        },
    };
    Ran { worked, words: if said.is_empty() { how } else { format!("{how} It said: {said}") } }
}

async fn talk(
    child: &mut Child,
    secret: &SecretString,
    said: &mut (Vec<u8>, Vec<u8>),
) -> std::io::Result<std::process::ExitStatus> {
    let (input, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut input) = input {
            let line = Zeroizing::new(format!("{}\n", secret.expose_secret()));
            // One that does not read it may do well all the same.
            let _ = input.write_all(line.as_bytes()).await;
        }
    };
    let ((), (), ()) = tokio::join!(write, keep(out, &mut said.0), keep(err, &mut said.1));
    child.wait().await
}

/// Reads to the end, and keeps the beginning.
async fn keep(stream: Option<impl tokio::io::AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = Zeroizing::new([0; 1024]);
    while let Ok(count @ 1..) = stream.read(&mut chunk[..]).await {
        let room = KEPT.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&chunk[..room]);
    }
}

fn failed(words: String) -> Ran {
    Ran { worked: false, words }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const SECRET: &str = "rediss://default:p%40ssword@h:1";

    async fn ran(command: &str, limit: Duration) -> Ran {
        run(command, &SecretString::from(SECRET), limit).await
    }

    #[tokio::test]
    async fn it_gets_the_secret_on_its_input_and_keeps_it_out_of_what_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let got = folder.path().join("got");
        let command = format!("sh -c 'tee {}; echo p@ssword >&2; exit 3'", got.display());
        let ran = ran(&command, Duration::from_secs(20)).await;
        assert_eq!(std::fs::read_to_string(got).unwrap(), format!("{SECRET}\n"));
        assert!(!ran.worked && ran.words.contains("status 3") && ran.words.contains("[removed]"), "{}", ran.words);
        assert!(!ran.words.contains("ssword"), "{}", ran.words);
    }

    #[tokio::test]
    async fn it_stands_in_neither_its_arguments_nor_its_environment() {
        let ran = ran(
            "sh -c 'tr \"\\0\" \"\\n\" </proc/self/environ; cat /proc/$$/cmdline; echo over'",
            Duration::from_secs(20),
        )
        .await;
        assert!(ran.worked && ran.words.contains("over"), "{}", ran.words);
        assert!(!ran.words.contains("[removed]"), "{}", ran.words);
    }

    #[tokio::test]
    async fn one_that_hangs_floods_or_is_not_there_is_told() {
        let hangs = ran("sleep 100", Duration::from_millis(200)).await;
        assert!(!hangs.worked && hangs.words.contains("did not end"), "{}", hangs.words);
        let floods = ran("head -c 3000000 /dev/zero", Duration::from_secs(20)).await;
        assert!(floods.worked && floods.words.len() < 10_000);
        assert!(!ran("/nowhere/at/all", Duration::from_secs(1)).await.worked);
        assert!(!ran("'", Duration::from_secs(1)).await.worked);
        assert!(ran("true", Duration::from_secs(20)).await.worked, "it need not read");
    }
}
