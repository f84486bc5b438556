//! Memory of an environment as its cgroup counts it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::OFlags;

use super::folder::Folder;

/// The kernel's own memory for up to 1,024 processes and threads: stacks, page tables. A cgroup
/// counts it; on AWS it is the virtual machine's, beside the function's.
const KERNEL: u64 = 32 << 20;

/// Enough for `memory.stat` of either version.
const STAT: usize = 8192;

/// What an environment has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Bytes that no file backs.
    pub(crate) anonymous: u64,
    /// Bytes of shared memory: `memfd_create`, System V, mappings, and files in a tmpfs.
    pub(crate) shared: u64,
}

/// A memory controller.
#[derive(Debug)]
pub(crate) struct Memory {
    names: Names,
    limit: File,
    stat: File,
    events: File,
}

/// What files and counters are called. The counters are those of the cgroup with all below it.
#[derive(Clone, Copy, Debug)]
struct Names {
    limit: &'static str,
    events: &'static str,
    anonymous: &'static str,
    shared: &'static str,
}

const V1: Names = Names {
    limit: "memory.limit_in_bytes",
    events: "memory.oom_control",
    anonymous: "total_rss",
    shared: "total_shmem",
};

const V2: Names =
    Names { limit: "memory.max", events: "memory.events", anonymous: "anon", shared: "shmem" };

impl Memory {
    pub(super) fn v1(folder: &Folder) -> io::Result<Self> {
        Self::open(folder, V1)
    }

    pub(super) fn v2(folder: &Folder) -> io::Result<Self> {
        Self::open(folder, V2)
    }

    fn open(folder: &Folder, names: Names) -> io::Result<Self> {
        Ok(Self {
            names,
            limit: folder.open(names.limit, OFlags::WRONLY)?,
            stat: folder.open("memory.stat", OFlags::RDONLY)?,
            events: folder.open(names.events, OFlags::RDONLY)?,
        })
    }

    /// Limits the cgroup to `bytes` and what the kernel takes for it.
    pub(super) fn limit(&self, bytes: u64) -> io::Result<()> {
        self.limit.write_all_at((bytes + KERNEL).to_string().as_bytes(), 0)
    }

    /// What is taken now. The kernel's numbers lag behind by at most 64 pages a processor.
    pub(crate) fn taken(&self) -> Taken {
        let mut text = [0; STAT];
        let read = self.stat.read_at(&mut text, 0).unwrap_or_default();
        let text = text.get(..read).unwrap_or_default();
        Taken {
            anonymous: field(text, self.names.anonymous).unwrap_or_default(),
            shared: field(text, self.names.shared).unwrap_or_default(),
        }
    }

    /// How many processes the kernel has killed because there was no memory left, ever.
    pub(crate) fn kills(&self) -> u64 {
        let mut text = [0; 512];
        let read = self.events.read_at(&mut text, 0).unwrap_or_default();
        field(text.get(..read).unwrap_or_default(), "oom_kill").unwrap_or_default()
    }
}

/// The number behind a name in lines of `NAME NUMBER`.
fn field(text: &[u8], name: &str) -> Option<u64> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let rest = lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "))?;
    str::from_utf8(rest).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_names() {
        let text = b"rss_huge 7\nrss 1\ntotal_rss 2\nshmem 3\n";
        assert_eq!(field(text, "rss"), Some(1));
        assert_eq!(field(text, "total_rss"), Some(2));
        assert_eq!(field(text, "total_shmem"), None);
        assert_eq!(field(b"oom_kill_disable 1\noom_kill x\n", "oom_kill"), None);
        assert_eq!(field(b"", "rss"), None);
    }
}
