//! The values file.

use super::{faults, files, good, map};
use crate::config::values;
use crate::{Diagnostics, Values};

fn read(text: &str) -> Result<Values, Diagnostics> {
    values(&files([("values.yaml", text)]), "values.yaml".as_ref())
}

#[test]
fn all_sections() {
    let values = good(read(
        "Exports:\n  network-SubnetId: subnet-1\n\
         Parameters:\n  /shop/stage: dev\n  /shop/zones: [a, b]\n  /shop/size: 3\n\
         Secrets:\n  token: s3cr3t\n  database: {user: shop, port: 5432, tls: true}\n",
    ));
    assert_eq!(
        values,
        Values {
            exports: map([("network-SubnetId", "subnet-1")]),
            ssm: map([("/shop/size", "3"), ("/shop/stage", "dev"), ("/shop/zones", "a,b")]),
            secrets: map([
                ("database", r#"{"port":5432,"tls":true,"user":"shop"}"#),
                ("token", "s3cr3t")
            ]),
        }
    );
    assert_eq!(good(read(r#"{"Exports": {"a": "b"}}"#)).exports, map([("a", "b")]));
}

#[test]
fn what_says_nothing_is_nothing() {
    for text in ["", "# later\n", "---\n", "Exports:\n", "Exports: {}\nSecrets:\n"] {
        assert_eq!(good(read(text)), Values::default(), "{text:?}");
    }
}

#[test]
fn faults_have_places() {
    assert_eq!(
        faults(read("Export:\n  a: b\nParameters: [a]\nSecrets:\n  x: [1]\n  y:\n")),
        "values.yaml:1:1: error: unknown section `Export`\n    \
         1 | Export:\n      \
         | ^^^^^^\n  \
         at Export\n\
         help: did you mean `Exports`?\n\n\
         values.yaml:3:13: error: `Parameters` must be a mapping, not a list\n    \
         3 | Parameters: [a]\n      \
         |             ^\n  \
         at Parameters\n\n\
         values.yaml:5:6: error: `x` must be text or a mapping, not a list\n    \
         5 |   x: [1]\n      \
         |      ^\n  \
         at Secrets.x\n\n\
         values.yaml:6:3: error: `y` must be text or a mapping, not nothing\n    \
         6 |   y:\n      \
         |   ^\n  \
         at Secrets.y"
    );
    let missing = values(&files([]), "no.yaml".as_ref()).expect_err("it is not there");
    assert!(missing.is_unreadable());
}
