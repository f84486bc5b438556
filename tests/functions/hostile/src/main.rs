//! A component that tries what its host must not allow. The path of a request says what it tries;
//! the response says how far it came.
//!
//! It uses WASI's own interfaces, without a library between that would keep to the rules.

#[cfg(target_family = "wasm")]
mod attack;
#[cfg(target_family = "wasm")]
mod fetch;
#[cfg(target_family = "wasm")]
mod handles;
#[cfg(target_family = "wasm")]
mod responses;

/// Only the component's export counts.
fn main() {}
