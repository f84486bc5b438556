//! Why a pattern is none.

use std::fmt;

/// A pattern that EventBridge refuses: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct PatternError {
    /// Names of the fields from the pattern's root, with dots: `detail.state`. Empty: the
    /// pattern itself.
    path: String,
    reason: String,
}

impl PatternError {
    pub(super) fn new(path: &[String], reason: impl Into<String>) -> Self {
        Self { path: path.join("."), reason: reason.into() }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "the pattern {}", self.reason)
        } else {
            write!(f, "`{}` {}", self.path, self.reason)
        }
    }
}
