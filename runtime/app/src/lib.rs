//! Reads a SAM template into a plain model of the application.

mod model;

pub use model::*;
