//! How a runtime ended, in AWS's words.

use std::fmt;

use rustix::process::WaitIdStatus;
use samovar_dispatch::FunctionError;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It called `exit` with this status.
    Status(i32),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        number: i32,
        /// Whether a core file was written.
        core_dumped: bool,
    },
}

impl Exit {
    /// From what `waitid` answers for a process that has ended.
    pub(crate) fn from_wait(status: &WaitIdStatus) -> Self {
        match (status.terminating_signal(), status.exit_status()) {
            (Some(number), _) => Self::Signal { number, core_dumped: status.dumped() },
            (None, status) => Self::Status(status.unwrap_or_default()),
        }
    }

    /// From the status that `wait` answers for a process that has ended (wait(2)).
    #[cfg(target_os = "linux")]
    pub(crate) fn from_status(status: i32) -> Self {
        match status & 0x7f {
            0 => Self::Status(status >> 8 & 0xff),
            number => Self::Signal { number, core_dumped: status & 0x80 != 0 },
        }
    }

    /// `Runtime.ExitError`, worded as AWS does ("Runtime exited with error: exit status 127",
    /// LocalStack's recording of AWS, 2025-11).
    pub(crate) fn to_error(self) -> FunctionError {
        let message = match self {
            Self::Status(0) => "Runtime exited without providing a reason".to_owned(),
            _ => format!("Runtime exited with error: {self}"),
        };
        FunctionError::platform("Runtime.ExitError", message)
    }
}

/// Go's `os.ProcessState.String`, which is what AWS prints.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal { number, core_dumped } => {
                match signal_name(number) {
                    Some(name) => write!(f, "signal: {name}")?,
                    None => write!(f, "signal: signal {number}")?,
                }
                if core_dumped { f.write_str(" (core dumped)") } else { Ok(()) }
            }
        }
    }
}

/// Go's names of Linux signals (`syscall.Signal.String`). Those whose numbers differ between
/// systems are left out.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 if cfg!(target_os = "linux") => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 if cfg!(target_os = "linux") => "user defined signal 1",
        11 => "segmentation fault",
        12 if cfg!(target_os = "linux") => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(exit: Exit) -> String {
        let error = exit.to_error();
        assert_eq!(error.error_type, "Runtime.ExitError");
        assert!(error.by_platform);
        error.message
    }

    #[test]
    fn exits_are_worded_as_on_aws() {
        assert_eq!(message(Exit::Status(0)), "Runtime exited without providing a reason");
        assert_eq!(message(Exit::Status(127)), "Runtime exited with error: exit status 127");
        let killed = Exit::Signal { number: 9, core_dumped: false };
        assert_eq!(message(killed), "Runtime exited with error: signal: killed");
        let fault = Exit::Signal { number: 11, core_dumped: true };
        assert_eq!(
            message(fault),
            "Runtime exited with error: signal: segmentation fault (core dumped)"
        );
        let unnamed = Exit::Signal { number: 40, core_dumped: false };
        assert_eq!(message(unnamed), "Runtime exited with error: signal: signal 40");
    }
}
