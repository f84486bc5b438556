//! `FunctionUrlConfig`.
//!
//! Source: SAM developer guide, "FunctionUrlConfig".

use super::Subject;
use crate::model::FunctionUrl;
use crate::property::{self, Effect, Table};
use crate::report::Fault;
use crate::resolve::{URL_ID, stable_id};

const TABLE: &Table = &[
    ("AuthType", Effect::Read),
    ("Cors", Effect::Missing("no CORS headers are added, no preflight is answered")),
    ("InvokeMode", Effect::Read),
];

pub(super) fn read(subject: &Subject) -> Option<FunctionUrl> {
    let id = subject.resource.id;
    let reader = &subject.reader;
    let (key, node) = subject.property("FunctionUrlConfig")?;
    let map = reader.map("FunctionUrlConfig", &node)?;
    let path = format!("Resources.{id}.FunctionUrlConfig");
    property::check(reader, map, TABLE, &path);
    let auth = match node.get("AuthType") {
        Some(auth) => reader.choice("AuthType", auth, &["NONE", "AWS_IAM"])?,
        None => {
            let message = format!("`FunctionUrlConfig` of {id} has no `AuthType`");
            subject.fault(Fault::new(key.at, message).help("add one: `AuthType: NONE`".to_owned()));
            return None;
        }
    };
    if auth == "AWS_IAM" {
        let note = "signatures are not checked: every request is let through";
        reader.report.note(key.at, format!("{path}.AuthType (AWS_IAM)"), note);
    }
    let streaming = match node.get("InvokeMode") {
        Some(mode) => {
            reader.choice("InvokeMode", mode, &["BUFFERED", "RESPONSE_STREAM"])?
                == "RESPONSE_STREAM"
        }
        None => false,
    };
    Some(FunctionUrl {
        public: auth == "NONE",
        streaming,
        cors: None,
        id: stable_id(&subject.resolver.id(id), URL_ID),
        span: reader.report.span(key.at),
    })
}
