//! `FunctionUrlConfig`, and what `AWS::Lambda::Url` has in common with it.
//!
//! Source: SAM developer guide, "FunctionUrlConfig"; CloudFormation's resource reference,
//! "AWS::Lambda::Url"; Lambda API reference, "Cors".

use super::Subject;
use crate::model::{Cors, FunctionUrl};
use crate::node::{Map, Node, Place};
use crate::property::{self, Effect, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{URL_ID, stable_id};
use crate::shape::{Field, Optional, Shape};

const TABLE: &Table =
    &[("AuthType", Effect::Read), ("Cors", Effect::Read), ("InvokeMode", Effect::Read)];

const METHODS: &[&str] = &["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"];

const CORS: &[Field] = &[
    Field("AllowCredentials", Optional, Shape::Boolean),
    Field("AllowHeaders", Optional, Shape::List(100, &Shape::Text(1024))),
    Field("AllowMethods", Optional, Shape::List(6, &Shape::Choice(METHODS))),
    Field("AllowOrigins", Optional, Shape::List(100, &Shape::Text(253))),
    Field("ExposeHeaders", Optional, Shape::List(100, &Shape::Text(1024))),
    Field("MaxAge", Optional, Shape::Integer(0, 86_400, "seconds")),
];

/// `FunctionUrlConfig`.
pub(super) fn read(subject: &Subject) -> Option<FunctionUrl> {
    let (key, node) = subject.property("FunctionUrlConfig").filter(|_| subject.is_sam)?;
    let map = subject.reader.map("FunctionUrlConfig", &node)?;
    let id = subject.resource.id;
    let path = format!("Resources.{id}.FunctionUrlConfig");
    property::check(&subject.reader, map, TABLE, &path);
    let owner = format!("`FunctionUrlConfig` of {id}");
    let settings = Settings::read(&subject.reader, &owner, key.at, map)?;
    Some(settings.at(&subject.resolver.id(id), &subject.reader, key.at))
}

/// How a function URL answers.
pub(crate) struct Settings {
    is_public: bool,
    is_streaming: bool,
    cors: Option<Cors>,
}

impl Settings {
    /// `None`: it cannot be said who may call, which is reported. `owner` is what has the
    /// properties, and `path` where they are, for notes; they stand at `at`.
    pub(crate) fn read(reader: &Reader, owner: &str, at: Place, properties: &Map) -> Option<Self> {
        let get = |name| crate::node::get(properties, name);
        let cors = get("Cors").and_then(|node| cors(reader, node));
        let mode = get("InvokeMode")
            .and_then(|node| reader.choice("InvokeMode", node, &["BUFFERED", "RESPONSE_STREAM"]));
        let Some(auth) = get("AuthType") else {
            let fault = Fault::new(at, format!("{owner} has no `AuthType`"));
            reader.report.fault(fault.help("add one: `AuthType: NONE`".to_owned()));
            return None;
        };
        // Of one that is not known here the function itself decides, as of a public one.
        let is_public = match reader.choice("AuthType", auth, &["NONE", "AWS_IAM"]) {
            Some(auth) => auth == "NONE",
            None if auth.is_unresolved() => true,
            None => return None,
        };
        Some(Self { is_public, is_streaming: mode == Some("RESPONSE_STREAM"), cors })
    }

    /// The URL of a function, by its logical id in the application; it stands at `at`.
    pub(crate) fn at(self, function: &str, reader: &Reader, at: Place) -> FunctionUrl {
        FunctionUrl {
            public: self.is_public,
            streaming: self.is_streaming,
            cors: self.cors,
            id: stable_id(function, URL_ID),
            span: reader.report.span(at),
        }
    }
}

/// `Cors`.
fn cors(reader: &Reader, node: &Node) -> Option<Cors> {
    reader.map("Cors", node)?;
    Shape::Map(CORS).check(reader, "Cors", node);
    let texts = |name: &str| -> Vec<String> {
        let list = node.get(name).and_then(Node::as_list).unwrap_or_default();
        list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let text = |name: &str| node.get(name).and_then(Node::as_str);
    Some(Cors {
        allow_origins: texts("AllowOrigins"),
        allow_methods: texts("AllowMethods"),
        allow_headers: texts("AllowHeaders"),
        expose_headers: texts("ExposeHeaders"),
        max_age: text("MaxAge").and_then(|text| text.parse().ok()),
        allow_credentials: text("AllowCredentials")
            .is_some_and(|text| text.eq_ignore_ascii_case("true")),
    })
}
