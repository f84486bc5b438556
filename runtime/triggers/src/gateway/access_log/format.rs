//! The format of an access log: text with variables.

/// A format, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Format {
    parts: Vec<Part>,
    /// Whether lines are JSON, in whose texts quotation marks have to be escaped.
    is_json: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// What follows `$context.`.
    Variable(String),
}

const CONTEXT: &str = "$context.";

impl Format {
    pub(crate) fn new(format: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find(CONTEXT) {
            let (text, variable) = rest.split_at(at);
            let variable = &variable[CONTEXT.len()..];
            let end = variable.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)));
            // A sentence may end behind a name.
            let name = variable[..end.unwrap_or(variable.len())].trim_end_matches(['.', '-']);
            parts.push(Part::Text(text.to_owned()));
            parts.push(Part::Variable(name.to_owned()));
            rest = &variable[name.len()..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts, is_json: format.trim_start().starts_with('{') }
    }

    /// A line with these values; `-` stands for what has none, as on AWS. Nothing in a value
    /// begins another line, or ends a text of JSON.
    pub(crate) fn line(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut line = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Variable(name) => {
                    let value = value(name).filter(|value| !value.is_empty());
                    self.append(&mut line, value.as_deref().unwrap_or("-"));
                }
            }
        }
        line.replace(['\r', '\n'], " ")
    }

    fn append(&self, line: &mut String, value: &str) {
        for c in value.chars() {
            match c {
                '"' | '\\' if self.is_json => line.extend(['\\', c]),
                c if c.is_control() => line.push(' '),
                c => line.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: &str) -> String {
        Format::new(format).line(|name| match name {
            "requestId" => Some("id".to_owned()),
            "identity.sourceIp" => Some("127.0.0.1".to_owned()),
            "identity.userAgent" => Some("a \"b\"\\\n\u{1b}".to_owned()),
            "status" => Some(String::new()),
            _ => None,
        })
    }

    /// The forms that API Gateway's console proposes: CLF, CSV, JSON, XML.
    #[test]
    fn formats_of_the_console() {
        for (format, expected) in [
            (
                r#"$context.identity.sourceIp [$context.requestTime] "$context.httpMethod" $context.requestId"#,
                r#"127.0.0.1 [-] "-" id"#,
            ),
            ("$context.identity.sourceIp,$context.requestId", "127.0.0.1,id"),
            (r#"{"id":"$context.requestId","x":"$context.y"}"#, r#"{"id":"id","x":"-"}"#),
            (r#"<request id="$context.requestId"/>"#, r#"<request id="id"/>"#),
            ("$context.requestId$context.requestId", "idid"),
            ("$context.requestId. $context.", "id. -"),
            ("$contextual $ $context", "$contextual $ $context"),
            ("$context.status é", "- é"),
            ("", ""),
        ] {
            assert_eq!(line(format), expected, "{format}");
        }
    }

    #[test]
    fn values_stay_in_their_place() {
        assert_eq!(line("$context.identity.userAgent|"), "a \"b\"\\  |");
        let json = line(r#"{"agent": "$context.identity.userAgent"}"#);
        assert_eq!(json, r#"{"agent": "a \"b\"\\  "}"#);
        assert_eq!(line("a\nb"), "a b");
    }
}
