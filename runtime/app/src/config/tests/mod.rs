//! Files of configuration in, values or diagnostics out.

mod dotenv;
mod hostile;
mod overrides;
mod samconfig;
mod values;
mod variables;

use std::collections::BTreeMap;

use crate::{Diagnostics, Memory};

/// Files by path and text.
fn files<const N: usize>(all: [(&str, &str); N]) -> Memory {
    let mut files = Memory::default();
    for (path, text) in all {
        files.insert(path, text);
    }
    files
}

fn map<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What was expected not to be.
#[track_caller]
fn good<T>(result: Result<T, Diagnostics>) -> T {
    result.unwrap_or_else(|faults| panic!("{faults}"))
}

/// The faults, as they are displayed.
#[track_caller]
fn faults<T>(result: Result<T, Diagnostics>) -> String {
    match result {
        Ok(_) => panic!("there are no faults"),
        Err(faults) => faults.to_string(),
    }
}
