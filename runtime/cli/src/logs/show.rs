//! `samovar logs`: shows what functions have written, and what they write.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use thiserror::Error;

use super::files;
use super::read::Reader;
use super::record::{self, Record};
use crate::args::Application;
use crate::settings;
use crate::state;
use crate::terminal::{Style, pad, printable, widest};

/// How often a log that is followed is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Characters of a request's id that tell it from others, on a terminal.
const SHORT: usize = 8;

/// Options of `samovar logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// The function, by its name, or an API that has an access log, by its logical id [default:
    /// all, in the order of time].
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Go on with what comes, until Ctrl-C.
    #[arg(short, long)]
    follow: bool,

    /// From when on: so long ago (30s, 10m, 2h, 1d), or a time (2026-01-31T12:00:00Z, or without
    /// the Z in this machine's time zone).
    #[arg(short, long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,

    /// One invocation, by its request id or the beginning of it.
    #[arg(short, long, value_name = "ID")]
    request: Option<String>,

    /// Where the logs are kept [default: .samovar beside the template].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// The SAM template [default: as for samovar up].
    #[arg(short, long, visible_alias = "template-file", value_name = "PATH")]
    template: Option<PathBuf>,
}

/// Why no log is shown.
#[derive(Debug, Error)]
pub(crate) enum LogsError {
    #[error("{0}; or say where the logs are with --state-dir DIR")]
    Template(samovar_app::Diagnostics),
    #[error("there are no logs in {}: no function has run there yet", .0.display())]
    None(PathBuf),
    #[error("there is no log of {name} in {}; there are logs of {}", folder.display(), known.join(", "))]
    Unknown { name: String, folder: PathBuf, known: Vec<String> },
    #[error("{}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
}

/// Shows logs, whether Samovar runs or not.
///
/// # Errors
/// See [`LogsError`]. A pipe that nobody reads any more is none.
pub(crate) fn logs(options: &Logs) -> Result<(), LogsError> {
    let folder = folder(options)?;
    let mut shown = Shown::new(options, folder)?;
    loop {
        if !shown.more()? || !options.follow {
            return Ok(());
        }
        thread::sleep(POLL);
    }
}

fn folder(options: &Logs) -> Result<PathBuf, LogsError> {
    if let Some(state) = &options.state_dir {
        return Ok(state.join(state::LOGS));
    }
    let given = Application { template: options.template.clone(), ..Application::default() };
    let template = settings::read(&given).map_err(LogsError::Template)?.template;
    let template = std::path::absolute(&template).unwrap_or(template);
    Ok(state::beside(&template).join(state::LOGS))
}

/// Logs that are being shown.
struct Shown<'a> {
    options: &'a Logs,
    folder: PathBuf,
    /// The first time that is wanted, as records have it.
    since: String,
    functions: Vec<(String, Reader)>,
    style: Style,
    is_terminal: bool,
}

impl<'a> Shown<'a> {
    fn new(options: &'a Logs, folder: PathBuf) -> Result<Self, LogsError> {
        let known = names(&folder)?;
        if let Some(name) = &options.name
            && !options.follow
            && !known.is_empty()
            && !files::folder(&folder, name).is_dir()
        {
            return Err(LogsError::Unknown { name: name.clone(), folder, known });
        }
        if known.is_empty() && !options.follow {
            return Err(LogsError::None(folder));
        }
        Ok(Self {
            options,
            folder,
            since: options.since.map(record::time).unwrap_or_default(),
            functions: Vec::new(),
            style: Style::stdout(),
            is_terminal: io::stdout().is_terminal(),
        })
    }

    /// Shows what is there and has not been shown; false: nobody reads it any more.
    fn more(&mut self) -> Result<bool, LogsError> {
        self.find()?;
        let width = widest(self.functions.iter().map(|(name, _)| name.as_str()));
        let mut out = io::BufWriter::new(io::stdout().lock());
        loop {
            let mut first: Option<(usize, String)> = None;
            for (index, (name, reader)) in self.functions.iter_mut().enumerate() {
                let next = reader.next().map_err(|error| LogsError::Read {
                    path: files::folder(&self.folder, name),
                    error,
                })?;
                if let Some(record) = next
                    && first.as_ref().is_none_or(|(_, time)| record.time < time.as_str())
                {
                    first = Some((index, record.time.to_owned()));
                }
            }
            let Some((index, _)) = first else { break };
            let (name, reader) = &mut self.functions[index];
            let line = match reader.next() {
                Ok(Some(record)) if is_wanted(self.options, &self.since, &record) => {
                    let name = self.options.name.is_none().then(|| pad(name, width));
                    Some(line(&record, name.as_deref(), self.style, self.is_terminal))
                }
                _ => None,
            };
            reader.take();
            if let Some(line) = line
                && writeln!(out, "{line}").is_err()
            {
                return Ok(false);
            }
        }
        Ok(out.flush().is_ok())
    }

    /// Looks for functions that were not there before.
    fn find(&mut self) -> Result<(), LogsError> {
        let since = self.options.since.map(SystemTime::from);
        let names = match &self.options.name {
            Some(name) => vec![name.clone()],
            None => names(&self.folder)?,
        };
        for name in names {
            if !self.functions.iter().any(|(known, _)| *known == name) {
                let reader = Reader::new(files::folder(&self.folder, &name), since);
                self.functions.push((name, reader));
            }
        }
        Ok(())
    }
}

fn is_wanted(options: &Logs, since: &str, record: &Record<'_>) -> bool {
    let is_its = |id: &String| record.request.starts_with(id.as_str());
    record.time >= since && options.request.as_ref().is_none_or(is_its)
}

/// The functions that there are logs of.
fn names(folder: &Path) -> Result<Vec<String>, LogsError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LogsError::Read { path: folder.to_owned(), error }),
        Ok(entries) => entries,
    };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> =
        folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// `12:03:05.123  Hello  8f5e1c2d  hello` on a terminal, with whole times and ids elsewhere.
fn line(record: &Record<'_>, name: Option<&str>, style: Style, is_terminal: bool) -> String {
    let time = match record.time.parse::<Timestamp>() {
        Ok(time) if is_terminal => {
            time.to_zoned(TimeZone::system()).strftime("%m-%d %H:%M:%S.%3f").to_string()
        }
        _ => record.time.to_owned(),
    };
    let request = match is_terminal {
        true => format!("{:SHORT$}", record.request.get(..SHORT).unwrap_or(record.request)),
        false => record.request.to_owned(),
    };
    let name = name.map(|name| format!("{name}  ")).unwrap_or_default();
    let text = printable(record.text);
    let text = if record.by_platform { style.dim(&text) } else { text };
    format!("{}  {name}{}  {text}", style.dim(&time), style.dim(&request))
}

/// A time, or how long ago it was.
fn since(text: &str) -> Result<Timestamp, &'static str> {
    moment(text, &Zoned::now()).ok_or("write it as 10m, 2h or 2026-01-31T12:00:00Z")
}

fn moment(text: &str, now: &Zoned) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Some(time.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: i64 = digits.parse().ok().filter(|number| *number >= 0)?;
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let ago = jiff::SignedDuration::from_secs(number.checked_mul(seconds)?);
    now.timestamp().checked_sub(ago).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_several_ways() {
        let now: Zoned = "2026-01-31T12:00:00+01:00[+01:00]".parse().unwrap();
        let at = |text| moment(text, &now).map(|time| time.to_string());
        assert_eq!(at("90s").as_deref(), Some("2026-01-31T10:58:30Z"));
        assert_eq!(at("10m").as_deref(), Some("2026-01-31T10:50:00Z"));
        assert_eq!(at("1d").as_deref(), Some("2026-01-30T11:00:00Z"));
        assert_eq!(at("2026-01-31T09:00:00Z").as_deref(), Some("2026-01-31T09:00:00Z"));
        assert_eq!(at("2026-01-31T09:00:00").as_deref(), Some("2026-01-31T08:00:00Z"));
        assert_eq!(at("2026-01-31").as_deref(), Some("2026-01-30T23:00:00Z"));
        for text in ["", "m", "10", "10x", "-1m", "yesterday", "99999999999999999999m"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_short_on_terminals_only() {
        let record = Record {
            time: "2001-09-09T01:46:40.000042Z",
            environment: "7",
            request: "8f5e1c2d-1111-2222-3333-444444444444",
            by_platform: false,
            text: "hello\x1b[2J",
        };
        let plain = line(&record, Some("Hello"), Style::plain(), false);
        assert_eq!(
            plain,
            "2001-09-09T01:46:40.000042Z  Hello  8f5e1c2d-1111-2222-3333-444444444444  hello␛[2J"
        );
        let short = line(&record, None, Style::plain(), true);
        assert!(short.ends_with(":40.000  8f5e1c2d  hello␛[2J"), "{short}");
    }
}
