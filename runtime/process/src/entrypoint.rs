//! Why a `bootstrap` cannot be started, said before and after trying.
//!
//! AWS answers `Runtime.InvalidEntrypoint` in the words of Go's `os/exec`
//! (`fork/exec /var/task/bootstrap: permission denied`); here the remedy follows in parentheses.

use std::io;
use std::path::Path;

use samovar_dispatch::FunctionError;

use crate::os;

/// Looks at `bootstrap` and `task_root` before a process is made of them.
///
/// # Errors
/// `Runtime.InvalidEntrypoint` or `Runtime.InvalidWorkingDir`, naming the path and the remedy.
pub(crate) fn check(bootstrap: &Path, task_root: &Path) -> Result<(), FunctionError> {
    if !task_root.is_dir() {
        let message = format!("{} is not a folder (is the function built?)", task_root.display());
        return Err(FunctionError::platform("Runtime.InvalidWorkingDir", message));
    }
    if !bootstrap.exists() {
        // AWS lists the places where it looked.
        let message = format!(
            "Couldn't find valid bootstrap(s): [{}] (is the function built?)",
            bootstrap.display()
        );
        return Err(FunctionError::platform("Runtime.InvalidEntrypoint", message));
    }
    if !bootstrap.is_file() {
        return Err(invalid(bootstrap, "not a regular file", "it must be a program or a script"));
    }
    os::check_program(bootstrap).map_err(|error| cannot_start(bootstrap, &error))
}

/// What the operating system's refusal to start `bootstrap` means.
pub(crate) fn cannot_start(bootstrap: &Path, error: &io::Error) -> FunctionError {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::NOEXEC) => {
            let remedy = format!(
                "it must be a {} {} program, or a script that begins with #!",
                std::env::consts::OS,
                std::env::consts::ARCH
            );
            invalid(bootstrap, "exec format error", &remedy)
        }
        Some(rustix::io::Errno::ACCESS) => {
            invalid(bootstrap, "permission denied", "make it executable: chmod +x")
        }
        // The file was there a moment ago: what is missing is what runs it.
        Some(rustix::io::Errno::NOENT) => invalid(
            bootstrap,
            "no such file or directory",
            "the file is there, but the interpreter of its #! line, or the loader that the \
             program was linked for, is not; line ends must be LF",
        ),
        _ => FunctionError::platform(
            "Runtime.InvalidEntrypoint",
            format!("fork/exec {}: {error}", bootstrap.display()),
        ),
    }
}

fn invalid(bootstrap: &Path, reason: &str, remedy: &str) -> FunctionError {
    FunctionError::platform(
        "Runtime.InvalidEntrypoint",
        format!("fork/exec {}: {reason} ({remedy})", bootstrap.display()),
    )
}
