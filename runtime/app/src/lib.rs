//! Reads a SAM template into a plain model of the application.
//!
//! ```no_run
//! # fn main() -> Result<(), samovar_app::Diagnostics> {
//! let app = samovar_app::load("template.yaml".as_ref(), &samovar_app::Options::default())?;
//! println!("{} functions", app.functions.len());
//! # Ok(())
//! # }
//! ```
//!
//! The way from text to model, one module a step:
//!
//! 1. `source`: the file's bytes, bounded, as UTF-8;
//! 2. `yaml`: a tree of nodes in which every value and key knows its place;
//! 3. `template`: the sections of CloudFormation's template anatomy, with SAM's `Globals`;
//! 4. `resolve`: intrinsic functions, lazily, where a value is read;
//! 5. `queue`, `topic`, `api`, `function`, `lambda`, `outputs`: typed resources; `event` reads what
//!    starts functions, of SAM's events and of `plain` resources alike.
//!
//! Faults do not stop the reading: each goes to the `report`, the value becomes `Value::Poison`,
//! and whoever reads a poisoned value says nothing more. So one run shows every fault once.

mod api;
mod assemble;
pub mod config;
mod diagnostic;
mod document;
mod event;
mod expand;
mod files;
mod function;
mod lambda;
mod load;
mod model;
mod node;
mod options;
mod outputs;
mod parts;
mod plain;
mod property;
mod queue;
mod read;
mod report;
mod resolve;
mod shape;
mod source;
mod suggest;
mod targets;
mod template;
mod topic;
pub mod vtl;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Mark};
pub use files::{Disk, FileKind, Files, Memory};
pub use load::{load, load_from};
pub use model::*;
pub use options::{Options, Values, VariableOverrides};
pub use suggest::closest;

#[cfg(test)]
mod tests;
