//! What the program costs: memory and open files, while its window is closed.

use std::fs;

/// How much more it may be in the end than at the start: what pictures, fonts and a window once open leave behind.
const MORE_MEMORY: u64 = 96 * 1024;
const MORE_FILES: usize = 24;

/// Of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burden {
    /// Its share of memory, in kilobytes.
    pub(crate) memory: u64,
    pub(crate) files: usize,
}

/// At the start, at the most, and in the end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burdens {
    pub(crate) first: Burden,
    pub(crate) most: Burden,
    pub(crate) last: Burden,
}

impl Burden {
    /// As it is now; nothing where there is no such process.
    pub(crate) fn of(process: u32) -> Option<Self> {
        let shares = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = shares.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        let memory = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(Self { memory, files: fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() })
    }
}

impl Burdens {
    /// It weighs so much now.
    pub(crate) fn weigh(&mut self, now: Burden) {
        if self.first.memory == 0 {
            self.first = now;
        }
        self.most = Burden { memory: self.most.memory.max(now.memory), files: self.most.files.max(now.files) };
        self.last = now;
    }

    pub(crate) fn is_bearable(&self) -> bool {
        self.last.memory <= self.first.memory + MORE_MEMORY && self.last.files <= self.first.files + MORE_FILES
    }
}
