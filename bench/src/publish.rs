//! The publisher: writes to the server without a client library in between, so that it is not what is measured.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Serialize;

use crate::{CHANNEL, clock, say, task};

/// So many commands are on their way at once.
const PIPELINE: usize = 1000;

/// What is to be published.
#[derive(Args)]
pub(crate) struct Options {
    /// The server's port on loopback.
    #[arg(long)]
    port: u16,
    /// How many tasks.
    #[arg(long)]
    count: usize,
    /// How many a second; all at once where it is not given.
    #[arg(long)]
    rate: Option<u32>,
}

#[derive(Serialize)]
struct Published {
    first: u64,
    last: u64,
}

/// Publishes, and says when the first command was written and the last one answered.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut server = Server::connect(options.port)?;
    let published = match options.rate {
        None => flood(&mut server, options.count)?,
        Some(rate) => paced(&mut server, options.count, rate)?,
    };
    say(&published)
}

fn flood(server: &mut Server, count: usize) -> Result<Published> {
    // Made beforehand: only writing is to take time.
    let batches: Vec<(usize, Vec<u8>)> = (0..count)
        .step_by(PIPELINE)
        .map(|from| {
            let size = PIPELINE.min(count - from);
            (size, (0..size).flat_map(|_| task::command(&task::payload(0))).collect())
        })
        .collect();
    let first = clock::now();
    for (size, batch) in &batches {
        server.publish(batch, *size)?;
    }
    Ok(Published { first, last: clock::now() })
}

fn paced(server: &mut Server, count: usize, rate: u32) -> Result<Published> {
    let step = 1_000_000_000 / u64::from(rate.max(1));
    let first = clock::now();
    let mut due = first;
    for _ in 0..count {
        thread::sleep(Duration::from_nanos(due.saturating_sub(clock::now())));
        server.publish(&task::command(&task::payload(clock::now())), 1)?;
        due += step;
    }
    Ok(Published { first, last: clock::now() })
}

struct Server {
    stream: TcpStream,
    answers: Box<[u8]>,
}

impl Server {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("no connection to the server")?;
        stream.set_nodelay(true)?;
        let mut server = Self { stream, answers: vec![0; 64 * 1024].into() };
        let hears = server.ask("*3\r\n$6\r\nPUBSUB\r\n$6\r\nNUMSUB\r\n", CHANNEL)?;
        if hears.ends_with(":0\r\n") {
            bail!("nobody listens");
        }
        Ok(server)
    }

    fn ask(&mut self, command: &str, argument: &str) -> Result<String> {
        write!(self.stream, "{command}${}\r\n{argument}\r\n", argument.len())?;
        let mut answer = String::new();
        while answer.matches("\r\n").count() < 4 {
            let count = self.stream.read(&mut self.answers)?;
            if count == 0 {
                bail!("the server ended the connection");
            }
            answer += &String::from_utf8_lossy(&self.answers[..count]);
            if answer.starts_with('-') {
                bail!("the server refuses: {answer}");
            }
        }
        Ok(answer)
    }

    /// Writes commands, and waits for as many answers.
    fn publish(&mut self, commands: &[u8], mut count: usize) -> Result<()> {
        self.stream.write_all(commands)?;
        while count > 0 {
            let size = self.stream.read(&mut self.answers)?;
            let answers = &self.answers[..size];
            if size == 0 || answers.contains(&b'-') {
                bail!("the server refuses: {}", String::from_utf8_lossy(answers));
            }
            // Each answer is a number on one line.
            count = count.saturating_sub(answers.iter().map(|byte| usize::from(*byte == b'\n')).sum::<usize>());
        }
        Ok(())
    }
}
