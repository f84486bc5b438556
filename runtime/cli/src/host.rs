//! What this machine can carry.

use std::fs;

use rustix::process::{Resource, getrlimit, setrlimit};

/// Memory that one more native environment is reckoned to need, in MB: a small Rust function
/// takes a tenth of it, a Python one about that.
const MB_PER_ENVIRONMENT: usize = 32;

/// AWS's default quota of concurrent executions per account and region (Lambda guide, "Lambda
/// quotas").
const ACCOUNT_LIMIT: usize = 1000;

/// Fewest invocations at once, however small the machine.
const FLOOR: usize = 16;

/// Most connections of one port. An idle one takes some 28 KB, mostly the HTTP library's buffers
/// (`cargo run -p samovar-http --example idle`).
const MAX_CONNECTIONS: usize = 16_384;

/// How many invocations this machine runs at once: what its free memory carries, at most AWS's
/// account limit.
pub(crate) fn concurrency() -> usize {
    let Ok(meminfo) = fs::read_to_string("/proc/meminfo") else {
        // No such file but on Linux: go by the cores.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        return (cores * 64).clamp(FLOOR, ACCOUNT_LIMIT);
    };
    (available_mb(&meminfo) / MB_PER_ENVIRONMENT).clamp(FLOOR, ACCOUNT_LIMIT)
}

/// Allows this process as many open files as the system lets it: a native environment takes about
/// five, and many systems start programs with 1,024.
pub(crate) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it is refused, the old limit holds, and a start that hits it is a function error.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// How many connections one port takes at once: no more than a quarter of the files that may be
/// open, since environments need the others.
pub(crate) fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
    usize::try_from(files).unwrap_or(usize::MAX).clamp(FLOOR, MAX_CONNECTIONS)
}

/// `MemAvailable` of `/proc/meminfo` (proc(5)) in MB.
fn available_mb(meminfo: &str) -> usize {
    let field = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = field.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kilobytes.and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let meminfo = "MemTotal:       24632972 kB\nMemAvailable:   23879660 kB\n";
        assert_eq!(available_mb(meminfo), 23_319);
        assert_eq!(available_mb("MemTotal: 1 kB\n"), 0);
    }
}
