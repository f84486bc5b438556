//! One line an invocation, and the function's own output above it.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;
use std::time::Duration;

use samovar_dispatch::{LogLine, LogObserver, Observer, Origin, Report};

use super::printer::Printer;
use super::style::{Style, pad, printable};

/// Prints what functions do.
pub(crate) struct Watch {
    style: Style,
    /// Width of the widest function name.
    width: usize,
    printer: Arc<Printer>,
}

/// Characters of the column that tells where an invocation came from.
const SOURCE: usize = 22;

impl Watch {
    /// `names` are the functions that will be seen, so that columns stand still.
    pub(crate) fn new<'a>(
        style: Style,
        names: impl Iterator<Item = &'a str>,
        printer: Arc<Printer>,
    ) -> Self {
        Self { style, width: names.map(|name| name.chars().count()).max().unwrap_or(0), printer }
    }

    /// `12:03:05  OrdersApi    POST /orders   1.4 ms  cold start 7.9 ms`.
    fn finished_line(&self, to: &mut String, time: &str, report: &Report) -> fmt::Result {
        write!(to, "  {}  ", self.style.dim(time))?;
        column(to, self.width, &report.function)?;
        to.push_str("  ");
        column(to, SOURCE, &report.source)?;
        write!(to, "  {:>10}", milliseconds(report.duration))?;
        if let Some(init) = report.init
            && init >= WORTH_TELLING
        {
            let note = format!("cold start {}", milliseconds(init));
            write!(to, "  {}", self.style.dim(&note))?;
        }
        if let Some(error) = &report.error {
            let message = match (error.error_type.as_str(), error.message.as_str()) {
                ("", "") => "failed".to_owned(),
                ("", message) => message.to_owned(),
                (error_type, "") => error_type.to_owned(),
                (error_type, message) => format!("{error_type}: {message}"),
            };
            write!(to, "  {}", self.style.error(&one_line(&message)))?;
        }
        Ok(())
    }

    fn output_line(&self, line: &LogLine<'_>) -> String {
        let name = pad(line.function, self.width);
        // So much of it tells it from the others here.
        let request = line.request_id.map_or("", |id| id.get(..SHORT_ID).unwrap_or(id));
        let text = format!("{name}  {request:SHORT_ID$} │ {}", printable(line.text));
        format!("            {}", self.style.dim(&text))
    }
}

/// Characters of a request's id that are shown with its output.
const SHORT_ID: usize = 8;

/// A fresh isolate starts in microseconds each time; saying so on every line is noise.
const WORTH_TELLING: Duration = Duration::from_millis(1);

impl LogObserver for Watch {
    fn line(&self, line: &LogLine<'_>) {
        if line.origin != Origin::Platform {
            // Lambda's runtimes write the lines of one message with carriage returns between.
            for text in line.text.split('\r').filter(|text| !text.is_empty()) {
                let shown = self.output_line(&LogLine { text, ..*line });
                self.printer.line(|to, _| to.write_str(&shown));
            }
        }
    }
}

impl Observer for Watch {
    fn finished(&self, report: &Report) {
        self.printer.line(|to, time| self.finished_line(to, time, report));
    }
}

/// Appends what is to stand in a column of this width, in characters.
fn column(to: &mut String, width: usize, content: impl Display) -> fmt::Result {
    let start = to.len();
    write!(to, "{content}")?;
    let missing = width.saturating_sub(to[start..].chars().count());
    write!(to, "{:missing$}", "")
}

fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    let digits = if milliseconds < 100.0 { 1 } else { 0 };
    format!("{milliseconds:.digits$} ms")
}

fn one_line(message: &str) -> String {
    printable(message.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use samovar_dispatch::{FunctionError, Source};

    use super::*;

    fn watch() -> Watch {
        let printer = Arc::new(Printer::start(std::io::sink()).unwrap());
        Watch::new(Style::plain(), ["Hello", "OrdersApi"].into_iter(), printer)
    }

    fn finished(report: &Report) -> String {
        let mut line = String::new();
        watch().finished_line(&mut line, "12:03:05", report).unwrap();
        line
    }

    fn report(error: Option<FunctionError>, init: Option<Duration>) -> Report {
        Report {
            function: "Hello".into(),
            request_id: "1".into(),
            source: Source::Http { method: "POST".into(), path: "/orders".into() },
            duration: Duration::from_micros(1_440),
            init,
            memory_mb: 128,
            max_memory_used: 1,
            error,
        }
    }

    #[test]
    fn an_invocation_is_one_line() {
        assert_eq!(
            finished(&report(None, Some(Duration::from_micros(7_900)))),
            "  12:03:05  Hello      POST /orders                1.4 ms  cold start 7.9 ms"
        );
        let error = FunctionError::platform("Runtime.ExitError", "exit status 1\nmore");
        assert_eq!(
            finished(&report(Some(error), None)),
            "  12:03:05  Hello      POST /orders                1.4 ms  \
             Runtime.ExitError: exit status 1"
        );
    }

    #[test]
    fn output_cannot_steer_the_terminal() {
        let line = LogLine {
            function: "Hello",
            environment: 1,
            request_id: Some("8f5e1c2d-1111-2222-3333-444444444444"),
            origin: Origin::Function,
            text: "a\tb\x1b[2J\u{9b}2J",
        };
        assert_eq!(watch().output_line(&line), "            Hello      8f5e1c2d │ a\tb␛[2J␡2J");
        let line = LogLine { request_id: None, text: "starts", ..line };
        assert_eq!(watch().output_line(&line), "            Hello               │ starts");
    }
}
