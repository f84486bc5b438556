//! Bad templates and what is said about them, word for word.

mod apis;
mod events;
mod functions;
mod lambda;
mod language;
mod properties;
mod queues;
mod structure;
mod triggers;
mod values;

use super::{folder, load};
use crate::Options;

/// Loads a template and compares what is said.
#[track_caller]
fn says(template: &str, expected: &str) {
    let said = load(template).expect_err("the template loads").to_string();
    assert_eq!(said, expected.trim_matches('\n'), "\n{said}\n");
}

#[test]
fn code_does_not_exist() {
    let folder = folder();
    let path = folder.path().join("template.yaml");
    std::fs::write(
        &path,
        super::hello("", "").replace("CodeUri: code", "CodeUri: functions/hello"),
    )
    .unwrap();
    let said = crate::load(&path, &Options::default()).expect_err("the template loads").to_string();
    let base = folder.path().display();
    assert_eq!(
        said,
        format!(
            "{base}/template.yaml:8:16: error: Hello has no code: `functions/hello` does not exist
    8 |       CodeUri: functions/hello
      |                ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.CodeUri
help: `CodeUri` is taken from the template's folder: {base}/functions/hello"
        )
    );
}
