//! Where Linux's means are missing. Each function says what is not kept.

use std::io;
use std::path::Path;
use std::process::Command;

use rustix::process::Pid;

/// Not kept: the process outlives a Samovar that is killed by `SIGKILL`.
pub(crate) fn die_with_parent(_command: &mut Command) {}

/// Not kept: always 0.
pub(crate) fn peak_memory(_pid: Pid) -> u64 {
    0
}

/// Not kept: the system's own error, if it gives one, comes when the program starts.
pub(crate) fn check_program(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_and_nothing_breaks() {
        let mut command = Command::new("true");
        die_with_parent(&mut command);
        check_program(Path::new("/bin/sh")).unwrap();
        let mut child = command.spawn().unwrap();
        assert_eq!(peak_memory(Pid::from_child(&child)), 0);
        assert!(child.wait().unwrap().success());
    }
}
