//! The state machine behind the Runtime API (`internal/lambda/core/states.go` of AWS's emulator).
//!
//! Between the dispatcher's side ([`State::submit`]) and the runtime's (all other methods), one
//! event and one answer are handed over at a time. All transitions happen under one lock.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use samovar_dispatch::{FunctionError, Streamed};
use tokio::sync::{Notify, oneshot, watch};

use super::event::NextEvent;

/// Where the runtime stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Initialising.
    Started,
    /// It has posted an init error.
    InitError,
    /// It waits for an event.
    Ready,
    /// It has an event.
    Running,
    /// It is posting a response.
    InvocationResponse,
    /// It is posting an error.
    InvocationErrorResponse,
    /// It has answered, and has not asked for the next event yet.
    ResponseSent,
}

/// AWS's names, which stand in the messages of refusals.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "Started",
            Self::InitError => "InitError",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InvocationResponse => "InvocationResponse",
            Self::InvocationErrorResponse => "InvocationErrorResponse",
            Self::ResponseSent => "RuntimeResponseSentState",
        })
    }
}

/// How initialisation stands.
#[derive(Clone, Debug)]
pub(crate) enum Init {
    /// It goes on.
    Running,
    /// The runtime has asked for an event.
    Done,
    /// The runtime has posted an init error.
    Failed(FunctionError),
}

/// What the runtime answered to an event.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A response.
    Response(Bytes),
    /// A response in streaming mode has begun.
    Stream(Streaming),
    /// An error: its own, or one of ours about what it posted.
    Error(FunctionError),
    /// The connection broke in the middle of the body: most likely the runtime is about to be
    /// found dead.
    Truncated,
}

/// A response in streaming mode, while the runtime posts it.
#[derive(Debug)]
pub(crate) struct Streaming {
    /// What the caller reads.
    pub(crate) response: Streamed,
    /// How it ended, and of how many bytes it was. A sender that is gone means that the
    /// connection broke.
    pub(crate) ended: oneshot::Receiver<Result<u64, FunctionError>>,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// 400: the request id is not that of the current invocation.
    #[error("Invalid request ID")]
    RequestId,
    /// 403: the call is not allowed in this phase.
    #[error(
        "State transition from {from} to {to} failed for runtime. \
         Error: State transition is not allowed"
    )]
    Transition {
        /// The phase.
        from: Phase,
        /// Where the call would have led.
        to: Phase,
    },
}

/// The state of one runtime.
#[derive(Debug)]
pub(crate) struct State {
    inner: Mutex<Inner>,
    /// There is an event to be taken.
    submitted: Notify,
    /// The runtime asks for an event.
    asking: Notify,
    init: watch::Sender<Init>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// The current invocation's, or the last one's.
    request_id: Option<String>,
    /// An event that no `next` has taken yet.
    pending: Option<Arc<NextEvent>>,
    /// The event that the runtime has.
    current: Option<Arc<NextEvent>>,
    /// Where the answer to the current invocation goes.
    answer: Option<oneshot::Sender<Answer>>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                phase: Phase::Started,
                request_id: None,
                pending: None,
                current: None,
                answer: None,
            }),
            submitted: Notify::new(),
            asking: Notify::new(),
            init: watch::Sender::new(Init::Running),
        }
    }

    /// Tells how initialisation stands.
    pub(crate) fn init(&self) -> watch::Receiver<Init> {
        self.init.subscribe()
    }

    /// Hands an event to the runtime; its answer comes through the receiver. If the runtime is
    /// not waiting yet, the event waits for it.
    pub(crate) fn submit(&self, event: Arc<NextEvent>) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let mut inner = self.lock();
        inner.request_id = Some(event.request_id.clone());
        inner.pending = Some(event);
        inner.current = None;
        inner.answer = Some(answer);
        drop(inner);
        self.submitted.notify_waiters();
        receiver
    }

    /// Takes an event back that the runtime has not taken; whether there was one.
    pub(crate) fn withdraw(&self) -> bool {
        let mut inner = self.lock();
        let withdrawn = inner.pending.take().is_some();
        if withdrawn {
            inner.answer = None;
        }
        withdrawn
    }

    /// Whether an invocation may follow. That the runtime has not asked for it yet is no
    /// obstacle.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.lock().phase, Phase::Ready | Phase::ResponseSent)
    }

    /// Whether the runtime has asked for an event and has none: it is done with the last one.
    pub(crate) fn is_waiting(&self) -> bool {
        let inner = self.lock();
        inner.phase == Phase::Ready && inner.pending.is_none()
    }

    /// Waits until the runtime asks for the next event.
    pub(crate) async fn asked(&self) {
        loop {
            let asking = self.asking.notified();
            if self.lock().phase == Phase::Ready {
                return;
            }
            asking.await;
        }
    }

    /// `GET .../next`: waits for an event and takes it. Asked again before it has answered, the
    /// runtime gets the same event again, as on AWS: its connection may have broken.
    pub(crate) async fn next(&self) -> Result<Arc<NextEvent>, Refusal> {
        {
            let mut inner = self.lock();
            match inner.phase {
                Phase::Started | Phase::ResponseSent => inner.phase = Phase::Ready,
                Phase::Ready => {}
                Phase::Running => {
                    if let Some(event) = &inner.current {
                        return Ok(Arc::clone(event));
                    }
                }
                Phase::InitError | Phase::InvocationResponse | Phase::InvocationErrorResponse => {
                    return Err(inner.refuse(Phase::Ready));
                }
            }
            self.init.send_if_modified(|init| {
                let first = matches!(init, Init::Running);
                if first {
                    *init = Init::Done;
                }
                first
            });
        }
        self.asking.notify_waiters();
        loop {
            // Listens before it looks, so that an event in between is not missed.
            let submitted = self.submitted.notified();
            if let Some(event) = self.take() {
                return Ok(event);
            }
            submitted.await;
        }
    }

    fn take(&self) -> Option<Arc<NextEvent>> {
        let mut inner = self.lock();
        let event = inner.pending.take()?;
        inner.phase = Phase::Running;
        inner.current = Some(Arc::clone(&event));
        Some(event)
    }

    /// `POST .../{request_id}/response` or `/error` begins. Refused before the body is read, as
    /// on AWS: first by its request id, then by the phase.
    pub(crate) fn begin_answer(
        self: &Arc<Self>,
        request_id: &str,
        phase: Phase,
    ) -> Result<Posting, Refusal> {
        let mut inner = self.lock();
        if inner.request_id.as_deref() != Some(request_id) {
            return Err(Refusal::RequestId);
        }
        if inner.phase != Phase::Running {
            return Err(inner.refuse(phase));
        }
        // In this phase there is one: each event brings one, and takes the phase away with it.
        let Some(answer) = inner.answer.take() else { return Err(inner.refuse(phase)) };
        inner.phase = phase;
        let streaming = inner.current.as_ref().is_some_and(|event| event.streaming);
        Ok(Posting { state: Arc::clone(self), answer: Some(answer), streaming })
    }

    /// Whether an init error may be posted.
    pub(crate) fn check_init_error(&self) -> Result<(), Refusal> {
        let inner = self.lock();
        if inner.phase == Phase::Started { Ok(()) } else { Err(inner.refuse(Phase::InitError)) }
    }

    /// `POST .../init/error`, with its body read.
    pub(crate) fn init_error(&self, error: FunctionError) -> Result<(), Refusal> {
        let mut inner = self.lock();
        if inner.phase != Phase::Started {
            return Err(inner.refuse(Phase::InitError));
        }
        inner.phase = Phase::InitError;
        self.init.send_replace(Init::Failed(error));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn refuse(&self, to: Phase) -> Refusal {
        Refusal::Transition { from: self.phase, to }
    }
}

/// An answer that is being posted. However its request ends, the runtime may ask for the next
/// event afterwards.
#[derive(Debug)]
pub(crate) struct Posting {
    state: Arc<State>,
    answer: Option<oneshot::Sender<Answer>>,
    streaming: bool,
}

impl Posting {
    /// Whether the caller takes a response in streaming mode.
    pub(crate) fn may_stream(&self) -> bool {
        self.streaming
    }

    /// Gives the beginning of a response in streaming mode; the rest of the request is its body.
    pub(crate) fn begin_stream(mut self, streaming: Streaming) -> StreamPosting {
        if let Some(sender) = self.answer.take() {
            let _ = sender.send(Answer::Stream(streaming));
        }
        StreamPosting { state: Arc::clone(&self.state) }
    }

    /// Gives the answer. The rest of a body that is too large may still have to be read.
    pub(crate) fn answer(mut self, answer: Answer) {
        self.give(answer);
    }

    fn give(&mut self, answer: Answer) {
        if let Some(sender) = self.answer.take() {
            // In this order: whoever hears of the answer may look at the phase at once.
            self.state.lock().phase = Phase::ResponseSent;
            // An invocation that was given up needs no answer.
            let _ = sender.send(answer);
        }
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        // Unless it was answered, the connection broke while the body was read.
        self.give(Answer::Truncated);
    }
}

/// A response in streaming mode that is being posted: in that phase until this is dropped.
#[derive(Debug)]
pub(crate) struct StreamPosting {
    state: Arc<State>,
}

impl Drop for StreamPosting {
    fn drop(&mut self) {
        self.state.lock().phase = Phase::ResponseSent;
    }
}

#[cfg(test)]
mod tests;
