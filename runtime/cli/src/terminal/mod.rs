//! What a person reads: the summary at start and one line an invocation.

mod style;
mod summary;
mod watch;

pub(crate) use style::Style;
pub(crate) use summary::Summary;
pub(crate) use watch::Watch;
