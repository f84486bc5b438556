//! Gives invocations to execution environments: scaling, limits, time-outs, reports.
//!
//! An event enters by a trigger, becomes an [`Invocation`], is given by the [`Dispatcher`] to an
//! [`Environment`] of its function, and its outcome goes back the way it came. The dispatcher
//! knows only the [`Provider`] and [`Environment`] traits; native processes and WASM isolates
//! implement them.

mod environment;
mod invocation;
mod log;

pub use environment::{Environment, Provider};
pub use invocation::{
    Body, BoxError, Door, Event, FunctionError, Invocation, Reply, Response, Source,
};
pub use log::{EnvironmentLog, LogObserver, TAIL_BYTES};
