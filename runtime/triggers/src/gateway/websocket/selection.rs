//! Which route a message chooses.
//!
//! API Gateway developer guide, "API Gateway WebSocket API selection expressions" and "Route
//! selection expressions": `$request.body.PATH`, or text in which `${request.body.PATH}` stands.

use serde_json::Value;

/// A route selection expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Steps into the message.
    Body(Vec<String>),
}

impl Selection {
    pub(super) fn parse(expression: &str) -> Self {
        if let Some(path) = expression.strip_prefix("$request.body") {
            return Self(vec![Part::Body(steps(path))]);
        }
        let mut parts = Vec::new();
        let mut rest = expression;
        while let Some((before, after)) = rest.split_once("${request.body")
            && let Some((path, after)) = after.split_once('}')
        {
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Body(steps(path)));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Self(parts)
    }

    /// The route key that a message chooses. `None`: it is not JSON, or does not have what the
    /// expression asks for.
    pub(super) fn key(&self, message: &str) -> Option<String> {
        let message: Value = serde_json::from_str(message).ok()?;
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Body(steps) => match steps.iter().try_fold(&message, step)? {
                    Value::String(text) => key.push_str(text),
                    scalar @ (Value::Bool(_) | Value::Number(_)) => {
                        key.push_str(&scalar.to_string());
                    }
                    _ => return None,
                },
            }
        }
        Some(key)
    }
}

/// `.message.kinds[0]` as `message`, `kinds`, `0`.
fn steps(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[', ']']).map(|step| step.trim_matches(['\'', '"']));
    parts.filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

fn step<'v>(value: &'v Value, step: &String) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(step),
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_messages() {
        for (expression, message, key) in [
            ("$request.body.action", r#"{"action":"join"}"#, Some("join")),
            ("$request.body.action", r#"{"action":7}"#, Some("7")),
            ("$request.body.action", r#"{"action":{"a":1}}"#, None),
            ("$request.body.action", r#"{"action":null}"#, None),
            ("$request.body.action", r#"{"other":"join"}"#, None),
            ("$request.body.action", "join", None),
            ("$request.body.action", r#"["join"]"#, None),
            ("$request.body.a.b", r#"{"a":{"b":"c"}}"#, Some("c")),
            ("$request.body.a[1].b", r#"{"a":[0,{"b":"c"}]}"#, Some("c")),
            ("$request.body['a']", r#"{"a":"b"}"#, Some("b")),
            ("$request.body", r#""whole""#, Some("whole")),
            ("${request.body.action}", r#"{"action":"join"}"#, Some("join")),
            ("${request.body.a}/${request.body.b}", r#"{"a":"x","b":"y"}"#, Some("x/y")),
            ("v1-${request.body.a}!", r#"{"a":"x"}"#, Some("v1-x!")),
        ] {
            let found = Selection::parse(expression).key(message);
            assert_eq!(found.as_deref(), key, "{expression} {message}");
        }
    }
}
