//! What stands beside a template: SAM CLI's settings, parameter overrides, values of variables, and
//! values that only AWS knows.
//!
//! Everything here is read as the SAM CLI reads it (version 1.170), so that an application needs
//! no second set of files; each module names the rules that it follows. Files come through
//! [`Files`], and faults are [`Diagnostics`] with places, as those of a template are.
//!
//! ```no_run
//! use samovar_app::{Disk, Options, config};
//!
//! # fn main() -> Result<(), samovar_app::Diagnostics> {
//! let template = config::find_template(&Disk, "".as_ref())?;
//! let mut options = Options::default();
//! if let Some(file) = config::find_samconfig(&Disk, "".as_ref()) {
//!     options.configured = config::samconfig(&Disk, &file, None)?.parameters.values;
//! }
//! options.parameters = config::parameter_overrides(&Disk, &["Stage=dev".to_owned()])?.values;
//! options.variables = config::env_vars(&Disk, "env.json".as_ref(), &|_| None)?;
//! options.values = config::values(&Disk, "values.yaml".as_ref())?;
//! let app = samovar_app::load(&template, &options)?;
//! # Ok(())
//! # }
//! ```

mod document;
mod dotenv;
mod find;
mod json;
mod overrides;
mod samconfig;
mod toml;
mod values;
mod variables;

pub use find::{find_samconfig, find_template};
pub use overrides::{Overrides, Skipped, parameter_overrides};
pub use samconfig::{DEFAULT_ENVIRONMENT, SamConfig, is_region, samconfig};
pub use values::values;
pub use variables::{env_file, env_vars};

use crate::diagnostic::Diagnostics;
use crate::files::Files;

/// A variable of the process's own environment, by its name.
pub type Shell<'s> = dyn Fn(&str) -> Option<String> + 's;

#[cfg(test)]
mod tests;
