//! What a caller is told of an error, as `lambda_runtime::Diagnostic` has it.

use std::any::type_name;
use std::convert::Infallible;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::handler;

/// What a caller is told of an error: `{"errorType": …, "errorMessage": …}`.
///
/// Implement `From<YourError> for Diagnostic` to choose the type; errors that come as
/// [`Error`](crate::Error) get the name of that Rust type, as natively.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// For programs.
    pub error_type: String,
    /// For people.
    pub error_message: String,
}

impl Diagnostic {
    fn of<T: fmt::Display>(error: &T) -> Self {
        // `lambda_runtime` names the type of a reference, hence the `&`.
        Self { error_type: type_name::<&T>().into(), error_message: error.to_string() }
    }
}

macro_rules! diagnostic_from {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Diagnostic {
            fn from(error: $error) -> Self {
                Self::of(&error)
            }
        })+
    };
}

// The types for which `lambda_runtime` has a conversion.
diagnostic_from!(
    crate::Error,
    Box<dyn std::error::Error>,
    Infallible,
    String,
    &'static str,
    std::io::Error,
);

impl From<Diagnostic> for handler::Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { error_type: diagnostic.error_type, message: diagnostic.error_message }
    }
}
