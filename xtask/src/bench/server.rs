//! The Redis server that everything is measured on: loopback, no TLS, nothing on disk, no limit to what waits for
//! a subscriber.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// How long it may take to start, and to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What a reader of the table has to know of the server.
pub(super) const NOTE: &str = "Redis is a plain loopback redis-server of this system, without TLS, because 7.0.15 drops a TLS \
     subscriber under a burst, and with `client-output-buffer-limit pubsub 0 0 0`, because it would cut off a slow one.";

/// Redis, or its free successor, which takes the same settings.
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// Starts the first of them that is there. It reads its settings from its standard input.
fn begin() -> Result<Child> {
    for program in PROGRAMS {
        match Command::new(program).arg("-").stdin(Stdio::piped()).stdout(Stdio::null()).spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            begun => return begun.with_context(|| format!("cannot start {program}")),
        }
    }
    bail!("there is neither a redis-server nor a valkey-server here: run `cargo xtask setup`")
}

/// A running server.
pub(super) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it, and returns when it answers.
    pub(super) fn start() -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut child = begin()?;
        let mut settings = child.stdin.take().context("the Redis server takes no settings")?;
        write!(
            settings,
            "bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\nclient-output-buffer-limit pubsub 0 0 0\n"
        )?;
        drop(settings);
        let server = Self { child, port };
        let until = Instant::now() + LIMIT;
        while let Err(error) = server.ask(&["PING"]) {
            if Instant::now() > until {
                return Err(error.context("the Redis server does not answer"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Its port on loopback.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How the app is told of it.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many listen to `channel`.
    pub(super) fn listeners(&self, channel: &str) -> Result<u64> {
        let answer = self.ask(&["PUBSUB", "NUMSUB", channel])?;
        let number = answer.rsplit(':').next().and_then(|number| number.trim().parse().ok());
        number.with_context(|| format!("the server answers {answer:?}"))
    }

    /// How often each command was called, apart from our own questions here.
    pub(super) fn calls(&self) -> Result<Vec<(String, u64)>> {
        let answer = self.ask(&["INFO", "commandstats"])?;
        let calls = answer.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
        });
        Ok(calls.filter(|(name, _)| !matches!(name.as_str(), "info" | "pubsub|numsub" | "pubsub")).collect())
    }

    /// Asks on a connection of its own, so that nothing stays open.
    fn ask(&self, words: &[&str]) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let arguments: Vec<String> = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
        let command = format!("*{}\r\n{}", words.len(), arguments.concat());
        stream.write_all(command.as_bytes())?;
        let mut answer = BufReader::new(stream);
        let mut first = String::new();
        answer.read_line(&mut first)?;
        match first.split_at_checked(1) {
            Some(("+", rest)) => Ok(rest.trim().to_owned()),
            Some(("$", size)) => {
                let mut text = vec![0; size.trim().parse()?];
                answer.read_exact(&mut text)?;
                Ok(String::from_utf8(text)?)
            }
            // A list with one name, its size on a line before it, and one number.
            Some(("*", _)) => {
                let mut text = String::new();
                (0..3).try_for_each(|_| answer.read_line(&mut text).map(drop))?;
                Ok(text)
            }
            _ => bail!("the server answers {first:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
