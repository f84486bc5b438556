//! What a target gets of an event: all of it, a part, a text of its own, or a template filled in.
//!
//! EventBridge guide, "Amazon EventBridge input transformation".

use std::collections::BTreeMap;

use samovar_app::{InputTransformer, RuleTrigger};
use serde_json::Value;

use super::event::Event;
use super::path;

/// The input of one target.
pub(super) enum Input {
    Event,
    Constant(String),
    Path(String),
    Transformer(InputTransformer),
}

impl Input {
    pub(super) fn new(trigger: &RuleTrigger) -> Self {
        match (&trigger.input, &trigger.input_path, &trigger.input_transformer) {
            (Some(text), _, _) => Self::Constant(text.clone()),
            (_, Some(path), _) => Self::Path(path.clone()),
            (_, _, Some(transformer)) => Self::Transformer(transformer.clone()),
            (None, None, None) => Self::Event,
        }
    }

    /// Whether what [`apply`](Self::apply) gives may be no JSON.
    pub(super) fn may_break(&self) -> bool {
        matches!(self, Self::Transformer(_))
    }

    /// The target's payload. A path that leads nowhere gives `null`.
    pub(super) fn apply(&self, event: &Event, rule_arn: &str, rule_name: &str) -> String {
        match self {
            Self::Event => event.json.clone(),
            Self::Constant(text) => text.clone(),
            Self::Path(path) if path == "$" => event.json.clone(),
            Self::Path(path) => path::find(&event.value, path).unwrap_or(&Value::Null).to_string(),
            Self::Transformer(transformer) => {
                fill(&transformer.template, &variables(transformer, event, rule_arn, rule_name))
            }
        }
    }
}

type Variables<'v> = BTreeMap<&'v str, Value>;

/// The variables of the template: those of the paths map that lead to something, and the reserved
/// ones ("Predefined variables").
fn variables<'v>(
    transformer: &'v InputTransformer,
    event: &Event,
    rule_arn: &str,
    rule_name: &str,
) -> Variables<'v> {
    let mut without_detail = event.value.clone();
    if let Value::Object(fields) = &mut without_detail {
        fields.remove("detail");
    }
    let mut variables = Variables::from([
        ("aws.events.rule-arn", rule_arn.into()),
        ("aws.events.rule-name", rule_name.into()),
        ("aws.events.event.ingestion-time", event.ingested.as_str().into()),
        ("aws.events.event", without_detail),
        ("aws.events.event.json", event.value.clone()),
    ]);
    let named = transformer.paths.iter();
    variables.extend(
        named.filter_map(|(name, path)| {
            Some((name.as_str(), path::find(&event.value, path)?.clone()))
        }),
    );
    variables
}

/// Fills in `<name>`. Outside of the template's strings a value is written as JSON, text in
/// quotes. Inside it is written as text: an object or array as JSON without its quotes, as
/// EventBridge does. What has no value is empty text.
fn fill(template: &str, variables: &Variables) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut in_string = false;
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some((name, after)) = placeholder(rest)
        {
            let value = variables.get(name);
            filled.push_str(&if in_string { as_text(value) } else { as_json(value) });
            rest = after;
            continue;
        }
        let mut length = c.len_utf8();
        match c {
            '"' => in_string = !in_string,
            '\\' if in_string => {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
            _ => {}
        }
        filled.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    filled
}

/// The name between `<` and `>`, and what follows.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, rest))
}

fn as_json(value: Option<&Value>) -> String {
    value.map_or_else(|| "\"\"".to_owned(), Value::to_string)
}

fn as_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(text @ Value::String(_)) => {
            // Its JSON without the quotes around it.
            let json = text.to_string();
            json[1..json.len() - 1].to_owned()
        }
        Some(value @ (Value::Object(_) | Value::Array(_))) => unquoted(&value.to_string()),
        Some(value) => value.to_string(),
    }
}

/// JSON without its quotes, and without those within its strings.
fn unquoted(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut characters = json.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {}
            '\\' => match characters.next() {
                Some('"') | None => {}
                Some(escaped) => text.extend(['\\', escaped]),
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(template: &str) -> String {
        let variables = Variables::from([
            ("instance", json!("i-0\"1")),
            ("count", json!(3)),
            ("detail", json!({"state": "running", "tags": ["a", "b"]})),
            ("nothing", Value::Null),
            ("path", json!({"p": "C:\\", "q": "\"x\"\n"})),
        ]);
        fill(template, &variables)
    }

    /// The guide's examples, and what is at their edges.
    #[test]
    fn templates_are_filled() {
        for (template, result) in [
            (r#""instance <instance> counts <count>""#, r#""instance i-0\"1 counts 3""#),
            (r#"{"i":<instance>,"n":<count>}"#, r#"{"i":"i-0\"1","n":3}"#),
            (r#"{"d":<detail>}"#, r#"{"d":{"state":"running","tags":["a","b"]}}"#),
            (r#"{"d":"is <detail>"}"#, r#"{"d":"is {state:running,tags:[a,b]}"}"#),
            (r#"{"a":<missing>,"b":"<missing>","c":"<nothing>"}"#, r#"{"a":"","b":"","c":""}"#),
            (r#"{"a":"\"<count>"}"#, r#"{"a":"\"3"}"#),
            (r#""1 < 2 > <count>""#, r#""1 < 2 > 3""#),
            (r#""<unclosed""#, r#""<unclosed""#),
            (r#""<path>""#, r#""{p:C:\\,q:x\n}""#),
            ("<count>", "3"),
        ] {
            assert_eq!(filled(template), result, "{template}");
            assert!(serde_json::from_str::<Value>(&filled(template)).is_ok(), "{template}");
        }
    }
}
