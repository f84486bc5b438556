//! Gives invocations to execution environments: scaling, limits, time-outs, reports.
//!
//! An event enters by a trigger, becomes an [`Invocation`], is given by the [`Dispatcher`] to an
//! [`Environment`] of its function, and its outcome goes back the way it came. The dispatcher
//! knows only the [`Provider`] and [`Environment`] traits; native processes and WASM isolates
//! implement them.

mod account;
mod burst;
mod clock;
mod crowd;
mod dispatcher;
mod environment;
mod error;
mod invocation;
mod log;
mod log_format;
mod platform_event;
mod pool;
mod provisioned;
mod registry;
mod report;
mod run;
mod stream;

pub use account::Account;
pub use clock::{Clock, SystemClock};
pub use dispatcher::{Answer, Dispatcher, FunctionStatus, Limits, LogTail};
pub use environment::{Environment, Provider};
pub use error::{InvokeError, ThrottleReason};
pub use invocation::{
    Body, BoxError, Door, Event, FunctionError, Invocation, MAX_RESPONSE_BYTES, MAX_STREAMED_BYTES,
    Replied, Reply, Response, Source, Streamed,
};
pub use log::{EnvironmentLog, LogLine, LogObserver, Origin, TAIL_BYTES, TelemetrySink};
pub use platform_event::{PlatformEvent, RuntimeDone, Span};
pub use registry::Alias;
pub use report::{Observer, Report};
pub use stream::ending_as;
