//! `tracing` output, in the form that `lambda_runtime` gives it.
//!
//! Most invocations log nothing, and most have an isolate of their own. To ask the host for the
//! variables, to make a subscriber and to write down the fields of the invocation's span takes as
//! long as a small handler does, so all of it waits for the first span or event.

use std::cell::RefCell;
use std::env;
use std::io;
use std::str::FromStr;
use std::sync::OnceLock;

use tracing::span::{Attributes, EnteredSpan, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;
use tracing_subscriber::filter::LevelFilter;

use crate::Context;

/// Takes what is logged from here on. An isolate that is used again does so already.
pub(super) fn init() {
    let _ = tracing::subscriber::set_global_default(Late);
}

/// The invocation begins; none where nobody has told of one. It is over when the result is dropped.
pub(super) fn begin(context: Option<&Context>) -> Logged {
    INVOCATION.set(
        context.map(|context| {
            Invocation::Silent(context.request_id.clone(), context.trace_id.clone())
        }),
    );
    Logged
}

/// An invocation whose logs tell its id.
pub(super) struct Logged;

impl Drop for Logged {
    fn drop(&mut self) {
        drop(INVOCATION.take());
    }
}

thread_local! {
    /// The one that runs.
    static INVOCATION: RefCell<Option<Invocation>> = const { RefCell::new(None) };
}

enum Invocation {
    /// Nothing was logged yet. Its request id, and its trace id.
    Silent(String, Option<String>),
    /// In this span.
    Logs(#[expect(dead_code, reason = "it ends with the value")] EnteredSpan),
}

/// A subscriber that is made when it is needed.
struct Late;

impl Late {
    /// The subscriber itself, in the span of the invocation.
    fn subscriber(&self) -> &'static (dyn Subscriber + Send + Sync) {
        static SUBSCRIBER: OnceLock<Box<dyn Subscriber + Send + Sync>> = OnceLock::new();
        let subscriber = SUBSCRIBER.get_or_init(subscriber);
        // Taken, since the span that is made of it comes here too.
        let silent = |invocation: &mut Invocation| matches!(invocation, Invocation::Silent(..));
        let silent = INVOCATION.with_borrow_mut(|invocation| invocation.take_if(silent));
        if let Some(Invocation::Silent(request_id, trace_id)) = silent {
            // As `lambda_runtime` names it, so that logs can be read alike.
            let span = tracing::info_span!(
                "Lambda runtime invoke",
                requestId = request_id.as_str(),
                xrayTraceId = trace_id.as_deref(),
            );
            INVOCATION.set(Some(Invocation::Logs(span.entered())));
        }
        &**subscriber
    }
}

/// Writes to standard error: standard output may be the response.
fn subscriber() -> Box<dyn Subscriber + Send + Sync> {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|_| env::var("RUST_LOG"))
        .ok()
        .and_then(|level| LevelFilter::from_str(&level).ok())
        .unwrap_or(LevelFilter::INFO);
    let json = env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|f| f.eq_ignore_ascii_case("json"));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .with_writer(io::stderr);
    if json { Box::new(subscriber.json().finish()) } else { Box::new(subscriber.finish()) }
}

impl Subscriber for Late {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.subscriber().register_callsite(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.subscriber().enabled(metadata)
    }

    // The level is not known yet: it is in the variables.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.subscriber().new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.subscriber().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.subscriber().record_follows_from(span, follows);
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.subscriber().event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.subscriber().event(event);
    }

    fn enter(&self, span: &Id) {
        self.subscriber().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.subscriber().exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.subscriber().clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.subscriber().try_close(id)
    }

    fn current_span(&self) -> Current {
        self.subscriber().current_span()
    }
}
