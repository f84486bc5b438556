//! Mapping expressions: where a parameter's value comes from.
//!
//! Source: API Gateway developer guide, "Parameter mapping for REST APIs" and "Transform API
//! requests and responses for HTTP APIs".

use crate::model::{Mapping, MappingPart};

/// An expression of a REST API: `method.request.header.x`, `'static'`. `None`: it is none of those
/// that there are.
pub(super) fn of_rest(text: &str) -> Option<Mapping> {
    if let Some(quoted) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Some(Mapping(vec![MappingPart::Text(quoted.to_owned())]));
    }
    let part = if let Some(rest) = text.strip_prefix("method.request.") {
        let rest = rest.strip_prefix("multivalue").unwrap_or(rest);
        request(rest)?
    } else if let Some(rest) = text.strip_prefix("integration.response.") {
        let rest = rest.strip_prefix("multivalue").unwrap_or(rest);
        response(rest)?
    } else {
        shared(text)?
    };
    Some(Mapping(vec![part]))
}

/// An expression of an HTTP API: `$request.header.x`, or text with `${request.header.x}` in it.
pub(super) fn of_http(text: &str) -> Option<Mapping> {
    if let Some(variable) = text.strip_prefix('$')
        && !variable.starts_with('{')
    {
        return Some(Mapping(vec![variable_of_http(variable)?]));
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((variable, after)) = after.split_once('}')
    {
        if !before.is_empty() {
            parts.push(MappingPart::Text(before.to_owned()));
        }
        parts.push(variable_of_http(variable)?);
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(MappingPart::Text(rest.to_owned()));
    }
    Some(Mapping(parts))
}

/// The template of a gateway response: text with `$context.x.y`, `$stageVariables.x` and
/// `$method.request.header.x` in it, and nothing else of VTL (API Gateway developer guide, "Variables
/// for data transformations for API Gateway", `$context.error.message`). What begins otherwise is
/// text.
pub(in crate::api) fn parts_of_template(text: &str) -> Mapping {
    let mut parts = Vec::new();
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        plain.push_str(before);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
            .unwrap_or(after.len());
        let name = after[..end].trim_end_matches('.');
        match of_rest(name).filter(|_| !name.starts_with("integration.")) {
            Some(Mapping(part)) => {
                if !plain.is_empty() {
                    parts.push(MappingPart::Text(std::mem::take(&mut plain)));
                }
                parts.extend(part);
                rest = &after[name.len()..];
            }
            None => {
                plain.push('$');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(MappingPart::Text(plain));
    }
    Mapping(parts)
}

fn variable_of_http(text: &str) -> Option<MappingPart> {
    if let Some(rest) = text.strip_prefix("request.") {
        return match rest {
            "path" => Some(MappingPart::FullPath),
            rest => request(rest),
        };
    }
    match text.strip_prefix("response.") {
        Some(rest) => response(rest),
        None => shared(text),
    }
}

fn request(text: &str) -> Option<MappingPart> {
    let (kind, name) = text.split_once('.').unwrap_or((text, ""));
    let named = || Some(name.to_owned()).filter(|name| !name.is_empty());
    Some(match kind {
        "header" => MappingPart::Header(named()?),
        "querystring" => MappingPart::Query(named()?),
        "path" => MappingPart::PathParameter(named()?),
        "body" => MappingPart::Body(named()),
        _ => return None,
    })
}

fn response(text: &str) -> Option<MappingPart> {
    let (kind, name) = text.split_once('.').unwrap_or((text, ""));
    let named = || Some(name.to_owned()).filter(|name| !name.is_empty());
    Some(match kind {
        "header" => MappingPart::ResponseHeader(named()?),
        "body" => MappingPart::ResponseBody(named()),
        _ => return None,
    })
}

fn shared(text: &str) -> Option<MappingPart> {
    let (kind, name) = text.split_once('.').filter(|(_, name)| !name.is_empty())?;
    match kind {
        "context" => Some(MappingPart::Context(name.to_owned())),
        "stageVariables" => Some(MappingPart::StageVariable(name.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(part: MappingPart) -> Option<Mapping> {
        Some(Mapping(vec![part]))
    }

    #[test]
    fn expressions_of_rest_apis() {
        for (text, expected) in [
            ("'a b'", one(MappingPart::Text("a b".into()))),
            ("method.request.header.X-A", one(MappingPart::Header("X-A".into()))),
            ("method.request.multivaluequerystring.q", one(MappingPart::Query("q".into()))),
            ("method.request.path.id", one(MappingPart::PathParameter("id".into()))),
            ("method.request.body", one(MappingPart::Body(None))),
            ("method.request.body.a.b", one(MappingPart::Body(Some("a.b".into())))),
            ("integration.response.header.L", one(MappingPart::ResponseHeader("L".into()))),
            ("integration.response.body.a", one(MappingPart::ResponseBody(Some("a".into())))),
            ("context.identity.sourceIp", one(MappingPart::Context("identity.sourceIp".into()))),
            ("stageVariables.v", one(MappingPart::StageVariable("v".into()))),
            ("static", None),
            ("method.request.header", None),
            ("method.request.cookie.x", None),
            ("'", None),
        ] {
            assert_eq!(of_rest(text), expected, "{text}");
        }
    }

    #[test]
    fn templates_of_gateway_responses() {
        let context = |path: &str| MappingPart::Context(path.to_owned());
        let text = |text: &str| MappingPart::Text(text.to_owned());
        for (template, expected) in [
            ("", vec![]),
            ("{}", vec![text("{}")]),
            (
                "{\"m\":$context.error.messageString}",
                vec![text("{\"m\":"), context("error.messageString"), text("}")],
            ),
            ("$context.stage.", vec![context("stage"), text(".")]),
            ("$5 $$context.stage", vec![text("$5 $"), context("stage")]),
            ("$stageVariables.a$", vec![MappingPart::StageVariable("a".into()), text("$")]),
            ("$method.request.header.X-A", vec![MappingPart::Header("X-A".into())]),
            ("$input.json('$')", vec![text("$input.json('$')")]),
            ("$integration.response.body", vec![text("$integration.response.body")]),
        ] {
            assert_eq!(parts_of_template(template), Mapping(expected), "{template}");
        }
    }

    #[test]
    fn expressions_of_http_apis() {
        for (text, expected) in [
            ("static", one(MappingPart::Text("static".into()))),
            ("", one(MappingPart::Text(String::new()))),
            ("$request.body", one(MappingPart::Body(None))),
            ("$request.body.a.b", one(MappingPart::Body(Some("a.b".into())))),
            ("$request.path", one(MappingPart::FullPath)),
            ("$context.requestId", one(MappingPart::Context("requestId".into()))),
            ("$request.cookie.x", None),
            ("a ${request.nothing}", None),
        ] {
            assert_eq!(of_http(text), expected, "{text}");
        }
        let parts = of_http("v1/${stageVariables.a}-${request.path.id}!").expect("one").0;
        assert_eq!(parts.len(), 5);
    }
}
