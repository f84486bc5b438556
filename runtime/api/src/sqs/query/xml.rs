//! The query protocol's answers.

use serde_json::{Map, Value};

use super::super::error::SqsError;
use super::shapes::{Flat, flat};

const PROLOGUE: &str = "<?xml version=\"1.0\"?>";
const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// The answer to an action that was done; a null output is that of an action without one.
pub(super) fn output(action: &str, output: &Value, request_id: &str) -> String {
    let mut xml = format!("{PROLOGUE}<{action}Response xmlns=\"{NAMESPACE}\">");
    match output {
        Value::Object(members) if members.is_empty() => xml += &format!("<{action}Result/>"),
        Value::Object(members) => {
            element(&mut xml, &format!("{action}Result"), |xml| structure(xml, action, members));
        }
        _ => {}
    }
    element(&mut xml, "ResponseMetadata", |xml| leaf(xml, "RequestId", request_id));
    xml += &format!("</{action}Response>");
    xml
}

/// The answer to one that was not.
pub(super) fn error(error: &SqsError, request_id: &str) -> String {
    let mut xml = format!("{PROLOGUE}<ErrorResponse xmlns=\"{NAMESPACE}\">");
    element(&mut xml, "Error", |xml| {
        leaf(xml, "Type", error.fault());
        leaf(xml, "Code", error.query_code);
        leaf(xml, "Message", &error.message);
        *xml += "<Detail/>";
    });
    leaf(&mut xml, "RequestId", request_id);
    xml += "</ErrorResponse>";
    xml
}

fn structure(xml: &mut String, action: &str, members: &Map<String, Value>) {
    for (name, value) in members {
        match (value, flat(action, name)) {
            (Value::Array(items), Some(Flat::List(name))) => {
                items.iter().for_each(|item| member(xml, action, &name, item));
            }
            (Value::Object(items), Some(Flat::Map(name, key, content))) => {
                for (text, value) in items {
                    element(xml, name, |xml| {
                        leaf(xml, key, text);
                        member(xml, action, content, value);
                    });
                }
            }
            _ => member(xml, action, name, value),
        }
    }
}

fn member(xml: &mut String, action: &str, name: &str, value: &Value) {
    match value {
        Value::Object(members) => element(xml, name, |xml| structure(xml, action, members)),
        Value::String(text) => leaf(xml, name, text),
        other => leaf(xml, name, &other.to_string()),
    }
}

fn leaf(xml: &mut String, name: &str, text: &str) {
    element(xml, name, |xml| escape(xml, text));
}

fn element(xml: &mut String, name: &str, content: impl FnOnce(&mut String)) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    content(xml);
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

/// SQS writes quotation marks and carriage returns as references also in text (LocalStack's
/// `SqsQueryResponseSerializer`, made after AWS's answers); a parser would else turn the latter
/// into line feeds (XML 1.0, section 2.11). Characters that XML cannot have come with refused
/// input only, in the message that refuses it.
fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                xml.push('\u{fffd}');
            }
            other => xml.push(other),
        }
    }
}
