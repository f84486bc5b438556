//! What a guest's language wrote to standard error before it gave up.
//!
//! A trap has no message. What panicked, threw or failed an assertion said why in its last lines,
//! each language in its own way.

use serde_json::{Value, json};

/// What `componentize-py` says last when a Python function raised an exception that its world has
/// no place for. The traceback comes before it.
const PYTHON: &str = "Python function threw an unexpected exception";

/// With this SpiderMonkey ends. What was thrown, and the heading `Stack:`, come before it.
const SPIDERMONKEY: &str = "Redirecting call to abort() to mozalloc_abort";

/// How many lines of a Python traceback are kept: CPython prints no more of a recursion.
const MAX_TRACE: usize = 64;

/// How much of a line is kept, in bytes.
const MAX_LINE: usize = 8 << 10;

/// The end of what was written, line by line.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    last: String,
    before_stack: Option<String>,
    traceback: Option<Traceback>,
}

/// A Python traceback.
#[derive(Debug, Default)]
struct Traceback {
    /// The lines of the calls, outermost first.
    calls: Vec<String>,
    /// `ValueError: out of range`, at the end.
    exception: Option<String>,
}

/// Why a guest gave up.
#[derive(Debug, PartialEq)]
pub(crate) enum Reason {
    /// In its own words.
    Said(String),
    /// An exception, as the document that AWS's runtime for the language makes of it.
    Raised(Value),
}

impl LastWords {
    /// Notes a line without its line feed.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let line = &line[..line.len().min(MAX_LINE)];
        // Rust's panic message is followed by advice.
        if line.is_empty() || line.starts_with(b"note: ") {
            return;
        }
        let line = String::from_utf8_lossy(line).into_owned();
        match &mut self.traceback {
            _ if line == "Traceback (most recent call last):" => {
                self.traceback = Some(Traceback::default());
            }
            Some(traceback) if traceback.exception.is_none() => {
                if !line.starts_with(' ') {
                    traceback.exception = Some(line.clone());
                } else if traceback.calls.len() < MAX_TRACE {
                    traceback.calls.push(line.clone());
                }
            }
            _ if line == "Stack:" => self.before_stack = Some(std::mem::take(&mut self.last)),
            _ => {}
        }
        self.last = line;
    }

    /// Why a guest that has trapped gave up, if it said so.
    pub(crate) fn reason(&self) -> Option<Reason> {
        if self.last == PYTHON
            && let Some(Traceback { calls, exception: Some(exception) }) = &self.traceback
        {
            return Some(Reason::Raised(document(exception, calls)));
        }
        let said = match &self.before_stack {
            Some(thrown) if self.last == SPIDERMONKEY => thrown,
            _ => &self.last,
        };
        (!said.is_empty()).then(|| Reason::Said(said.clone()))
    }
}

/// The shape: Lambda guide, "Lambda function errors in Python". The class is named without its
/// module there.
fn document(exception: &str, calls: &[String]) -> Value {
    let (class, message) = exception.split_once(": ").unwrap_or((exception, ""));
    let class = class.rsplit('.').next().unwrap_or(class);
    let trace: Vec<_> = calls.iter().map(|call| format!("{call}\n")).collect();
    json!({"errorMessage": message, "errorType": class, "stackTrace": trace})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<Reason> {
        let mut words = LastWords::default();
        text.lines().for_each(|line| words.line(line.as_bytes()));
        words.reason()
    }

    fn said(text: &str) -> Option<Reason> {
        Some(Reason::Said(text.to_owned()))
    }

    #[test]
    fn advice_after_a_panic_is_not_the_last_word() {
        let text = "\nthread 'main' panicked at src/main.rs:1:1:\nboom\nnote: run with `RUST_…`\n";
        assert_eq!(reason(text), said("boom"));
        assert_eq!(reason("\n\n"), None);
    }

    /// As componentize-py 0.25 prints it.
    #[test]
    fn an_exception_of_python_has_its_class_and_calls() {
        let text = "Traceback (most recent call last):\n  File \"/0/app.py\", line 9, in first\n\
                    KeyError: 'x'\n\n\
                    During handling of the above exception, another exception occurred:\n\n\
                    Traceback (most recent call last):\n  File \"/0/app.py\", line 19, in handle\n  \
                    File \"/0/app.py\", line 30, in respond\nshop.errors.OutOfStock: no: teapots\n\n\
                    thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1293:29:\n\
                    Python function threw an unexpected exception\nnote: run with …\n";
        let document = json!({
            "errorType": "OutOfStock",
            "errorMessage": "no: teapots",
            "stackTrace": [
                "  File \"/0/app.py\", line 19, in handle\n",
                "  File \"/0/app.py\", line 30, in respond\n",
            ],
        });
        assert_eq!(reason(text), Some(Reason::Raised(document)));
    }

    #[test]
    fn a_traceback_that_was_only_logged_is_no_reason() {
        let text = "Traceback (most recent call last):\nValueError: handled\n\
                    thread '<unnamed>' (1) panicked at src/lib.rs:1:1:\nboom\n";
        assert_eq!(reason(text), said("boom"));
    }

    /// As StarlingMonkey prints it.
    #[test]
    fn what_javascript_threw_stands_before_its_stack() {
        let text = "expected a string\nStack:\n  handle@app.js:1:13\n\n\
                    Redirecting call to abort() to mozalloc_abort\n\n";
        assert_eq!(reason(text), said("expected a string"));
        assert_eq!(reason("Stack:\n  handle@app.js:1:13\nout of stack\n"), said("out of stack"));
    }

    #[test]
    fn endless_words_are_cut() {
        let mut words = LastWords::default();
        words.line(b"Traceback (most recent call last):");
        for _ in 0..10_000 {
            words.line(&[b' '; 100_000]);
        }
        words.line(b"RecursionError");
        words.line(PYTHON.as_bytes());
        let Some(Reason::Raised(document)) = words.reason() else { panic!("{words:?}") };
        assert_eq!(document["errorType"], "RecursionError");
        assert!(document.to_string().len() < MAX_TRACE * (MAX_LINE + 8) + 100);
    }
}
