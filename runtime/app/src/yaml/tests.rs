use std::path::PathBuf;
use std::rc::Rc;

use super::parse;
use crate::files::Disk;
use crate::node::{Node, Place, Value};
use crate::report::Report;
use crate::resolve::to_json;
use crate::source::Source;

fn source(text: &str) -> Source {
    Source { file: PathBuf::from("t.yaml").into(), text: text.to_owned() }
}

/// The tree of a document without faults.
#[track_caller]
fn tree(text: &str) -> Node {
    let source = source(text);
    let report = Report::new(&Disk, source);
    let root = parse(&report, 0, "template");
    if let Err(faults) = report.finish() {
        panic!("{faults}");
    }
    Rc::unwrap_or_clone(root.expect("a document has a root"))
}

#[track_caller]
fn json(text: &str) -> String {
    to_json(&tree(text)).expect("nothing is poisoned").to_string()
}

#[test]
fn short_forms_are_their_long_forms() {
    for (short, long) in [
        ("!Ref X", r#"{"Ref":"X"}"#),
        ("!Condition X", r#"{"Condition":"X"}"#),
        ("!GetAtt X.Arn", r#"{"Fn::GetAtt":"X.Arn"}"#),
        ("!Join [a, [b]]", r#"{"Fn::Join":["a",["b"]]}"#),
        ("!ToJsonString {a: 1}", r#"{"Fn::ToJsonString":{"a":1}}"#),
        ("!Ref '1'", r#"{"Ref":"1"}"#),
        ("!Base64\n  Fn::Sub: x", r#"{"Fn::Base64":{"Fn::Sub":"x"}}"#),
    ] {
        assert_eq!(json(short), long, "{short}");
    }
}

#[test]
fn tags_of_yaml_itself_give_types() {
    assert_eq!(json("[!!str 12, !!int '12', ! 12, '12', 12]"), r#"["12",12,"12","12",12]"#);
}

#[test]
fn anchors_and_merge_keys() {
    assert_eq!(
        json("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 4}]}\nd: *a"),
        r#"{"a":{"x":1,"y":2},"b":{"x":1,"y":3},"c":{"x":1,"y":2,"z":4},"d":{"x":1,"y":2}}"#
    );
    assert_eq!(json("a: {'<<': 1}"), r#"{"a":{"<<":1}}"#);
}

#[test]
fn everything_knows_its_place() {
    let root = tree("a: 12\nbé:\n  - x: !Ref Some\n  - |\n    text\nn:\n");
    let Value::Map(entries) = &root.value else { panic!("{root:?}") };
    let place = |line, column, width| Place { file: 0, line, column, width };
    let keys: Vec<Place> = entries.iter().map(|(key, _)| key.at).collect();
    assert_eq!(keys, [place(1, 1, 1), place(2, 1, 2), place(6, 1, 1)]);
    assert_eq!(entries[0].1.at, place(1, 4, 2));
    // A value below its key, or none at all, is shown at the key.
    assert_eq!(entries[1].1.at, place(2, 1, 2));
    assert_eq!(entries[2].1.at, place(6, 1, 1));
    let list = entries[1].1.as_list().expect("a list");
    assert_eq!(list[0].get("x").expect("a key").at, place(3, 8, 9));
    assert_eq!(list[1].at.line, 5);
}

#[test]
fn faults_beside_the_tree_leave_it() {
    let source = source("a: 1\na: 2\nb: !Nope x\n");
    let report = Report::new(&Disk, source);
    let root = parse(&report, 0, "template");
    assert!(root.is_some());
    let faults = report.finish().expect_err("two faults");
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(messages, ["`a` is given twice in one mapping", "unknown tag `!Nope`"]);
}
