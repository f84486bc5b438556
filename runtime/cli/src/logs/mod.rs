//! Logs of functions, kept on disk: written while they run, read by `samovar logs`.
//!
//! Each function has a folder, `.samovar/logs/NAME`, with numbered files, `0000000001.log` and so
//! on, of which the last is written to. A file that has an eighth of the function's share is
//! followed by the next, and the oldest go where all together have more than the share.
//!
//! A line is a record: time (UTC, RFC 3339 with microseconds), the environment's number, the
//! request's id or `-`, and who wrote it (`function` or `platform`), each followed by a tab, and
//! then the text to the end of the line.

mod buffer;
mod files;
mod read;
mod record;
mod show;
mod writer;

pub(crate) use self::show::{Logs, logs};
pub(crate) use self::writer::{Kept, Writer};
