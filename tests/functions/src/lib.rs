//! Test functions.
