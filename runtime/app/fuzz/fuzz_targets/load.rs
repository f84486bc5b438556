//! Any bytes as a template, with code, an API definition and a nested template beside it.
//!
//! ```text
//! cargo install cargo-fuzz
//! mkdir -p fuzz/corpus/load && find ../../tests/templates -name '*.yaml' -o -name '*.json' \
//!     | while read -r file; do cp "$file" "fuzz/corpus/load/$(echo "$file" | tr / _)"; done
//! cargo +nightly fuzz run load -- -max_len=65536 -timeout=10 -dict=fuzz/template.dict
//! ```
//!
//! from the folder `runtime/app`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use samovar_app::{Memory, Options, load_from};

fuzz_target!(|template: &[u8]| {
    let mut files = Memory::default();
    files.insert("/app/template.yaml", template);
    files.insert("/app/code/bootstrap", "");
    files.insert("/code/bootstrap", "");
    // What it names may be itself: as a definition, as an included file, as a nested template.
    for name in ["other.yaml", "api.yaml", "child.yaml"] {
        files.insert(format!("/app/{name}"), template);
    }
    match load_from(&files, "/app/template.yaml".as_ref(), &Options::default()) {
        Ok(app) => drop(format!("{app:?}")),
        Err(faults) => assert!(!faults.to_string().is_empty()),
    }
});
