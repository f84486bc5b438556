//! The conformance table of the HTTP front door: one row a rule of AWS, in `rules.json`, asked over
//! real sockets of a running Samovar that serves `tests/functions/apis.yaml`.
//!
//! A row is `{"rule", "source", "request", "response"}`; what is not said of a response is not
//! compared.
//!
//! - `request`: `method` (GET), `host` (its first label names the API), `path` with its query,
//!   `headers` as a list of pairs, `body`. A text may be `{"repeat": TEXT, "times": N}`. `body` may
//!   be JSON, which is sent as such; the function answers `{"respond": X}` with X, and its event
//!   otherwise.
//! - `response`: `status`; `headers` by name: a value, a list of all values, null for none, `"*"`
//!   for any; `body` as text; `json` for a whole body; `event` by JSON pointers into the body,
//!   null also for what is not there.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::server::{Ports, Server, Shared, root};
use crate::tools::{Answer, get, request};
use crate::{against, run};

mod browser;
mod expect;
mod stream;

/// The APIs of the table.
pub(crate) fn server() -> Server {
    Server::start(&root().join("tests/functions/apis.yaml"), Ports::free(), None, &[])
}

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    let rules: Vec<Rule> = serde_json::from_str(include_str!("rules.json")).unwrap();
    let row = |rule: Rule| {
        let server = server.clone();
        let name = format!("conformance::{}", rule.rule.replace(' ', "_"));
        Trial::test(name, move || run(|| rule.check(&server.get())))
    };
    let mut trials: Vec<Trial> = rules.into_iter().map(row).collect();
    let ports = "conformance::each_further_api_has_a_port_that_the_summary_names";
    trials.push(against(server, ports, further_ports));
    trials.push(expect::trial(server));
    trials.extend(stream::trials(server));
    trials.push(browser::trial(server));
    trials
}

/// One row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    rule: String,
    /// Where AWS says or shows it.
    source: String,
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default = "get_method")]
    method: String,
    host: String,
    path: Value,
    #[serde(default)]
    headers: Vec<(String, Value)>,
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<String>,
    json: Option<Value>,
    #[serde(default)]
    event: Map<String, Value>,
}

fn get_method() -> String {
    "GET".to_owned()
}

impl Rule {
    fn check(&self, server: &Server) {
        assert!(!self.source.is_empty(), "a rule has a source");
        let answer = self.request.send(server);
        let context = format!("{} ({}): {answer:?}", self.rule, self.source);
        assert_eq!(answer.status, self.response.status, "{context}");
        for (name, expected) in &self.response.headers {
            let values = answer.headers.get_all(name).iter();
            let values: Vec<&str> = values.map(|value| value.to_str().unwrap()).collect();
            match expected {
                Value::Null => assert!(values.is_empty(), "{name}: {context}"),
                Value::Array(all) => assert_eq!(Value::from(values), Value::from(all.clone())),
                Value::String(any) if any == "*" => assert_eq!(values.len(), 1, "{context}"),
                one => assert_eq!(&Value::from(values), &Value::from(vec![one.clone()]), "{name}"),
            }
        }
        if let Some(body) = &self.response.body {
            assert_eq!(&answer.text(), body, "{context}");
        }
        if let Some(json) = &self.response.json {
            assert_eq!(&answer.json(), json, "{context}");
        }
        for (pointer, expected) in &self.response.event {
            let event = answer.json();
            let found = event.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(&found, expected, "{pointer}: {context}");
        }
    }
}

impl Request {
    fn send(&self, server: &Server) -> Answer {
        let path = text(&self.path);
        let host = format!("{}:{}", self.host, server.ports.http);
        let values: Vec<String> = self.headers.iter().map(|(_, value)| text(value)).collect();
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        let mut headers: Vec<(&str, &str)> = vec![("host", &host)];
        headers.extend(names.zip(values.iter().map(String::as_str)));
        let body = match &self.body {
            Value::Null => String::new(),
            json if json.is_object() && json.get("repeat").is_none() => {
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    headers.push(("content-type", "application/json"));
                }
                json.to_string()
            }
            other => text(other),
        };
        request(&self.method, &server.http(&path), &headers, body.as_bytes())
    }
}

/// A text, or one that is repeated.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let times = other["times"].as_u64().expect("how often it is repeated");
            let piece = other["repeat"].as_str().expect("what is repeated");
            let around = |name: &str| other[name].as_str().unwrap_or_default().to_owned();
            around("before") + &piece.repeat(usize::try_from(times).unwrap()) + &around("after")
        }
    }
}

/// Of several APIs each but the first has a port of its own, where it needs no host name.
fn further_ports(server: &Server) {
    let output = server.output();
    for (api, path, key) in
        [("Staged", "/orders", "GET /orders"), ("Rest", "/items/1", "GET /items/{id}")]
    {
        let row = output.lines().find(|line| line.trim_start().starts_with(&format!("{api} ")));
        let row = row.unwrap_or_else(|| panic!("no port of {api}: {output}"));
        let url = row.split_whitespace().last().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{row}");
        let event = get(&format!("{url}{path}")).json();
        let found = match api {
            "Rest" => format!("GET {}", event["resource"].as_str().unwrap()),
            _ => event["routeKey"].as_str().unwrap().to_owned(),
        };
        assert_eq!(found, key, "{event}");
    }
}
