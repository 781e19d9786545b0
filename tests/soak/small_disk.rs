//! A small disk for the program's data, which can be filled to the last byte. It is in memory, and only root can mount it.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// So large, in megabytes: more than the program's data takes in an hour.
const SIZE: u32 = 64;

/// The mounted disk. Dropping it takes it away.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one at `folder`; `None` where that is not allowed.
    pub(crate) fn mount(folder: &Path) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}m,mode=0700"), "heliograph-soak"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Fills it.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        let some = vec![0; 64 * 1024];
        loop {
            match file.write(&some) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("the small disk cannot be filled: {error}"),
            }
        }
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also where the program still has files open there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
