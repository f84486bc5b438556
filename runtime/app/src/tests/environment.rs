//! Environment variables: what replaces them, and values from other services.

use std::collections::BTreeMap;

use super::{app, hello, load_with, messages, notes};
use crate::{App, Options};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn variables(app: &App) -> Vec<(&str, &str)> {
    let environment = &app.function("Hello").unwrap().environment;
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

const TEMPLATE: &str = "FunctionName: my-hello
Environment: {Variables: {ALL: t, ONE: t, OWN: t, IMPORTED: !ImportValue x, GONE: !Ref AWS::NoValue}}";

#[test]
fn only_variables_of_the_template_are_replaced() {
    let mut options = Options::default();
    options.variables.all =
        map(&[("ALL", "a"), ("ONE", "a"), ("OTHER", "a"), ("GONE", "a"), ("IMPORTED", "a")]);
    options.variables.functions.insert("Hello".into(), map(&[("ONE", "f"), ("MORE", "f")]));
    let app = load_with(&hello(TEMPLATE, ""), &options).unwrap();
    assert_eq!(variables(&app), [("ALL", "a"), ("IMPORTED", "a"), ("ONE", "f"), ("OWN", "t")]);
    // Nobody misses the export whose value is given.
    assert_eq!(notes(&app), [""; 0]);
}

#[test]
fn a_function_goes_by_its_logical_id_or_else_by_its_name() {
    let mut options = Options::default();
    let functions = &mut options.variables.functions;
    functions.insert("my-hello".into(), map(&[("ALL", "name"), ("ONE", "name")]));
    functions.insert("Other".into(), map(&[("OWN", "other")]));
    let named = load_with(&hello(TEMPLATE, ""), &options).unwrap();
    assert_eq!(variables(&named)[0], ("ALL", "name"));
    options.variables.functions.insert("Hello".into(), map(&[("ONE", "id")]));
    let both = load_with(&hello(TEMPLATE, ""), &options).unwrap();
    assert_eq!(variables(&both)[0], ("ALL", "t"));
    assert_eq!(variables(&both)[2..], [("ONE", "id"), ("OWN", "t")]);
}

#[test]
fn variables_that_an_intrinsic_gives_are_replaced_too() {
    let text = hello(
        "Environment: {Variables: !If [IsOn, {ONE: t, TWO: t}, !Ref AWS::NoValue]}",
        "Conditions: {IsOn: !Equals [a, a]}\n",
    );
    let mut options = Options::default();
    options.variables.all = map(&[("TWO", "all")]);
    assert_eq!(variables(&load_with(&text, &options).unwrap()), [("ONE", "t"), ("TWO", "all")]);
}

#[test]
fn dynamic_references_are_answered_where_their_values_are_known() {
    let text = hello(
        "Environment:
  Variables:
    KEY: '{{resolve:ssm:/app/key:3}}'
    USER: !Sub 'user={{resolve:secretsmanager:${AWS::Region}/db:SecretString:user}}'
    OTHER: '{{resolve:ssm-secure:/app/other}}'",
        "",
    );
    let mut options = Options::default();
    options.values.ssm = map(&[("/app/key", "k")]);
    options.values.secrets = map(&[("us-east-1/db", r#"{"user": "me"}"#)]);
    let app = load_with(&text, &options).unwrap();
    assert_eq!(
        variables(&app),
        [("KEY", "k"), ("OTHER", "{{resolve:ssm-secure:/app/other}}"), ("USER", "user=me")]
    );
    assert_eq!(
        notes(&app),
        ["Resources.Hello.Environment.Variables.OTHER: the dynamic reference is left as it is \
          written"]
    );
}

#[test]
fn an_environment_has_bounds() {
    let text = |length: usize| {
        let value = "x".repeat(length);
        hello(&format!("Environment: {{Variables: {{LONG: {value}}}}}"), "")
    };
    app(&text(4092));
    assert_eq!(messages(&text(4093)), ["the environment of Hello takes 4097 bytes"]);
}
