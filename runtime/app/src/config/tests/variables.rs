//! `--env-vars` and `--env-file`.

use super::{faults, files, good, map};
use crate::config::{env_file, env_vars};
use crate::{Diagnostics, VariableOverrides};

fn read(text: &str) -> Result<VariableOverrides, Diagnostics> {
    env_vars(&files([("env.json", text)]), "env.json".as_ref(), &|_| None)
}

#[test]
fn values_for_all_functions_and_for_one() {
    let variables = good(read(
        r#"{
  "Parameters": {"STAGE": "dev", "RETRIES": 3, "DEBUG": true, "NOTHING": null, "RATE": 1.10},
  "Worker": {"STAGE": "a\n\"b\" é \ud83d\ude00 \/", "yes": "yes"},
  "Empty": {}
}"#,
    ));
    assert_eq!(
        variables.all,
        map([
            ("DEBUG", "true"),
            ("NOTHING", ""),
            ("RATE", "1.1"),
            ("RETRIES", "3"),
            ("STAGE", "dev")
        ])
    );
    assert_eq!(
        variables.functions["Worker"],
        map([("STAGE", "a\n\"b\" é \u{1f600} /"), ("yes", "yes")])
    );
    assert_eq!(variables.functions["Empty"], map([]));
}

#[test]
fn json_with_tabs_and_on_one_line() {
    let tabs = good(read("{\n\t\"Parameters\": {\n\t\t\"A\": \"1\"\n\t}\n}"));
    assert_eq!(tabs.all, map([("A", "1")]));
    assert_eq!(good(read(r#"{"Parameters":{"A":"1","B":"x: y # z"}}"#)).all["B"], "x: y # z");
}

#[test]
fn what_is_no_json_is_a_file_of_assignments() {
    let variables = good(read("# all\nSTAGE=dev\nexport NAME='a b'\n"));
    assert_eq!(variables.all, map([("NAME", "a b"), ("STAGE", "dev")]));
    assert!(variables.functions.is_empty());
    assert_eq!(good(read("")), VariableOverrides::default());
}

#[test]
fn faults_have_places() {
    assert_eq!(
        faults(read("{\n  \"STAGE\": \"dev\",\n  \"Worker\": {\"A\": [1], \"B\": {\"c\": 1}}\n}")),
        "env.json:2:12: error: `STAGE` must be a mapping of variables, not `dev`\n    \
         2 |   \"STAGE\": \"dev\",\n      \
         |            ^^^^^\n  \
         at STAGE\n\
         help: write `\"Parameters\": {\"STAGE\": ...}` for a variable of every function\n\n\
         env.json:3:19: error: `A` of Worker must be text, not a list\n    \
         3 |   \"Worker\": {\"A\": [1], \"B\": {\"c\": 1}}\n      \
         |                   ^\n  \
         at Worker.A\n\
         help: a variable is text: write the value as one string\n\n\
         env.json:3:29: error: `B` of Worker must be text, not a mapping\n    \
         3 |   \"Worker\": {\"A\": [1], \"B\": {\"c\": 1}}\n      \
         |                             ^\n  \
         at Worker.B\n\
         help: a variable is text: write the value as one string"
    );
    assert_eq!(
        faults(read("{\"Parameters\": {\"É\": \"1\",}}")),
        "env.json:1:26: error: not valid JSON: trailing comma\n    \
         1 | {\"Parameters\": {\"É\": \"1\",}}\n      \
         |                          ^\n\
         help: check the quotes, commas and braces up to this place"
    );
    let text = faults(read("[1]"));
    assert!(text.contains("a file of variables must be a mapping, not a list"), "{text}");
    let text = faults(read("{\"Parameters\": {\"A\": \"1\""));
    assert!(text.contains("env.json:1:24: error: not valid JSON: EOF while"), "{text}");
}

#[test]
fn files_that_cannot_be_read() {
    let missing = env_vars(&files([]), "no.json".as_ref(), &|_| None).expect_err("it is missing");
    assert!(missing.is_unreadable());
    assert_eq!(
        missing.to_string(),
        "no.json: error: there is no such file of variables\n\
         help: give the file of variables's path: --env-vars FILE"
    );
    let missing = env_file(&files([]), ".env".as_ref(), &|_| None).expect_err("it is missing");
    assert!(missing.to_string().contains("--env-file FILE"), "{missing}");
}
