//! What differs between operating systems, behind one set of functions.
//!
//! | | Linux | elsewhere |
//! |---|---|---|
//! | the runtime dies with Samovar, even by `SIGKILL` | yes | **no** |
//! | waiting for an exit takes | a file descriptor | a thread |
//! | peak memory | known | **0** |
//! | a program for another machine is found out before it starts | yes | **no** |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
mod readiness;
mod wait;

#[cfg(target_os = "linux")]
pub(crate) use linux::{check_program, die_with_parent, exited, peak_memory};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{check_program, die_with_parent, peak_memory};
pub(crate) use readiness::watched;
#[cfg(not(target_os = "linux"))]
pub(crate) use wait::exited;
