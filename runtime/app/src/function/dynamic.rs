//! Dynamic references: `{{resolve:ssm:NAME}}` and the like.
//!
//! Source: CloudFormation user guide, "Get values stored in other services using dynamic
//! references".

use crate::options::Values;

const START: &str = "{{resolve:";
const END: &str = "}}";

/// A text with every dynamic reference in it replaced by its value, and whether one is left as it
/// is written, because its value is not known here.
pub(super) fn replace(text: &str, values: &Values) -> (String, bool) {
    let mut replaced = String::new();
    let mut is_left = false;
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let Some(length) = rest[start..].find(END) else { break };
        let (reference, after) = rest[start..].split_at(length + END.len());
        replaced.push_str(&rest[..start]);
        match value(&reference[START.len()..length], values) {
            Some(value) => replaced.push_str(&value),
            None => {
                replaced.push_str(reference);
                is_left = true;
            }
        }
        rest = after;
    }
    is_left |= rest.contains(START);
    replaced.push_str(rest);
    (replaced, is_left)
}

/// The value of what stands between `{{resolve:` and `}}`.
fn value(reference: &str, values: &Values) -> Option<String> {
    let (service, rest) = reference.split_once(':')?;
    match service {
        "ssm" | "ssm-secure" => {
            let unversioned = || {
                let (name, version) = rest.rsplit_once(':')?;
                version.parse::<u64>().ok()?;
                values.ssm.get(name)
            };
            values.ssm.get(rest).or_else(unversioned).cloned()
        }
        "secretsmanager" => secret(rest, values),
        _ => None,
    }
}

/// `ID[:SecretString[:KEY[:STAGE[:VERSION]]]]`, in which an id may be an ARN.
fn secret(reference: &str, values: &Values) -> Option<String> {
    let parts: Vec<&str> = reference.split(':').collect();
    // `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`
    let id_parts = if parts[0] == "arn" { 7.min(parts.len()) } else { 1 };
    let (id, rest) = parts.split_at(id_parts);
    let secret = values.secrets.get(&id.join(":"))?;
    if !matches!(rest.first(), None | Some(&("" | "SecretString"))) {
        return None;
    }
    match rest.get(1) {
        None | Some(&"") => Some(secret.clone()),
        Some(key) => match serde_json::from_str::<serde_json::Value>(secret).ok()?.get(key)? {
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf";

    fn values() -> Values {
        let mut values = Values::default();
        values.ssm.insert("/app/key".into(), "k1".into());
        values.ssm.insert("/app/key:2".into(), "k2".into());
        values.secrets.insert("db".into(), r#"{"user": "me", "port": 5432}"#.into());
        values.secrets.insert(ARN.into(), "plain".into());
        values
    }

    #[test]
    fn references_of_every_form() {
        let arn = format!("{{{{resolve:secretsmanager:{ARN}:SecretString}}}}");
        for (text, expected) in [
            ("plain", "plain"),
            ("{{resolve:ssm:/app/key}}", "k1"),
            ("{{resolve:ssm:/app/key:1}}", "k1"),
            ("{{resolve:ssm-secure:/app/key:2}}", "k2"),
            (
                "a{{resolve:ssm:/app/key}}b{{resolve:secretsmanager:db:SecretString:user}}c",
                "ak1bmec",
            ),
            ("{{resolve:secretsmanager:db:SecretString:port:AWSCURRENT}}", "5432"),
            ("{{resolve:secretsmanager:db}}", r#"{"user": "me", "port": 5432}"#),
            ("{{resolve:secretsmanager:db:::}}", r#"{"user": "me", "port": 5432}"#),
            (&arn, "plain"),
        ] {
            assert_eq!(replace(text, &values()), (expected.to_owned(), false), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_left() {
        for text in [
            "{{resolve:ssm:/app/other}}",
            "{{resolve:ssm:/app/other:x}}",
            "{{resolve:ssm:/app/key",
            "{{resolve:vault:x}}",
            "{{resolve:}}",
            "{{resolve:secretsmanager:db:SecretBinary}}",
            "{{resolve:secretsmanager:db:SecretString:password}}",
            "{{resolve:secretsmanager:arn:aws}}",
        ] {
            assert_eq!(replace(text, &values()), (text.to_owned(), true), "{text}");
        }
        assert_eq!(
            replace("{{resolve:ssm:x}} {{resolve:ssm:/app/key}}", &values()),
            ("{{resolve:ssm:x}} k1".to_owned(), true)
        );
    }
}
