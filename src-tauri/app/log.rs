//! The log: five files of one megabyte at most, for this user's eyes, written by a thread of its own.
//!
//! It must never make the program wait: what does not fit into the queue is left out and counted. Texts of
//! messages are for the level `debug` and below; secrets are for none.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt::MakeWriter, layer::SubscriberExt as _};

/// One of five files; the newest has no number.
const FILE_SIZE: usize = 1_000_000;
const OLD_FILES: usize = 4;
/// Lines that wait for the disk; what comes on top is left out.
const QUEUE: usize = 1024;
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(200);

/// Starts the log in `folder`, at `level` (a word like `info`; `info` where it is none) for our own code.
///
/// Fails where there is a log already or its thread cannot start; a folder that cannot be written only loses lines.
pub(crate) fn start(folder: &Path, level: Option<&str>) -> io::Result<Log> {
    let level = level.and_then(|word| word.trim().parse().ok()).unwrap_or(LevelFilter::INFO);
    let (log, queue) = Log::new();
    let path = folder.join("heliograph.log");
    let missed = Arc::clone(&log.missed);
    thread::Builder::new().name("log".into()).spawn(move || write_lines(path, &queue, &missed))?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone()).with_filter(targets(level));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).map_err(io::Error::other)?;
    Ok(log)
}

/// Our own crates at the level asked for, everybody else's only when they warn.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(["heliograph", "heliograph_core", "heliograph_sandbox"].map(|name| (name, level)))
}

/// Puts a panic into the log, by its place alone: the text of a panic may hold what a message or a secret said.
pub(crate) fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(place, thread, "a mistake of ours: the program panicked");
        // Nobody may be listening; then there is nobody to tell.
        let _ = writeln!(io::stderr(), "heliograph: panicked at {place} in thread {thread}");
    }));
}

enum Entry {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The way into the log; clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Log {
    queue: SyncSender<Entry>,
    missed: Arc<AtomicU64>,
}

impl Log {
    fn new() -> (Self, Receiver<Entry>) {
        let (queue, lines) = sync_channel(QUEUE);
        (Self { queue, missed: Arc::default() }, lines)
    }

    /// Waits until what was logged so far is written, though not for long.
    pub(crate) fn flush(&self) {
        let (written, wait) = sync_channel(1);
        if self.queue.try_send(Entry::Flush(written)).is_ok() {
            let _: Result<(), RecvTimeoutError> = wait.recv_timeout(LAST_LINES);
        }
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Entry::Line(line.to_vec())).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs until the last [`Log`] is gone, or for the life of the program.
fn write_lines(path: PathBuf, queue: &Receiver<Entry>, missed: &AtomicU64) {
    let mut options = OpenOptions::new();
    options.read(true).create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let limit = ContentLimit::BytesSurpassed(FILE_SIZE);
    let mut file = FileRotate::new(path, AppendCount::new(OLD_FILES), limit, Compression::None, Some(options));
    while let Ok(entry) = queue.recv() {
        // A disk that takes no lines must not end the log: it may take the next one.
        let _ = match entry {
            Entry::Line(line) => file.write_all(&line),
            Entry::Flush(written) => {
                let result = file.flush();
                let _ = written.try_send(());
                result
            }
        };
        let left_out = missed.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            let _ = writeln!(file, "WARN {left_out} lines did not fit into the log's queue and are missing here");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_in(folder: &Path) -> usize {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap().lines().count())
            .sum()
    }

    #[test]
    fn five_files_of_a_megabyte_are_the_most() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heliograph.log");
        let (log, queue) = Log::new();
        let writer = thread::spawn(move || write_lines(path, &queue, &AtomicU64::new(0)));
        let line = [b"x".repeat(999), b"\n".to_vec()].concat();
        for _ in 0..8_000 {
            log.queue.send(Entry::Line(line.clone())).unwrap();
        }
        drop(log);
        writer.join().unwrap();
        let sizes: Vec<u64> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
        assert_eq!(sizes.len(), 5);
        assert!(sizes.iter().sum::<u64>() <= 5_010_000, "{sizes:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_files_are_for_this_user_alone_and_a_flush_writes_all() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heliograph.log");
        let (mut log, queue) = Log::new();
        let file = path.clone();
        let writer = thread::spawn(move || write_lines(file, &queue, &AtomicU64::new(0)));
        log.write_all(b"one\n").unwrap();
        log.write_all(b"two\n").unwrap();
        Log::flush(&log);
        assert_eq!(lines_in(folder.path()), 2);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(log);
        writer.join().unwrap();
    }

    #[test]
    fn a_full_queue_counts_what_it_leaves_out_and_never_waits() {
        let (mut log, _queue) = Log::new();
        for _ in 0..QUEUE + 7 {
            log.write_all(b"line\n").unwrap();
        }
        assert_eq!(log.missed.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn only_our_own_crates_speak_below_warning() {
        let targets = targets(LevelFilter::DEBUG);
        assert!(targets.would_enable("heliograph_core::link", &tracing::Level::DEBUG));
        assert!(!targets.would_enable("heliograph_core::link", &tracing::Level::TRACE));
        assert!(targets.would_enable("zbus", &tracing::Level::WARN));
        assert!(!targets.would_enable("zbus", &tracing::Level::INFO));
    }
}
