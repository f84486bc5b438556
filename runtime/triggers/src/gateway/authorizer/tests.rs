//! Whole requests through the gateway: what callers get, and what functions see of them.

mod components;
mod direct;
mod keys;
mod lambda;
mod policies;
mod signatures;
mod tokens;

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use samovar_app::{
    ApiKind, AuthorizerKind, IdentitySource, LambdaAuthorizer, LambdaAuthorizerForm, PayloadFormat,
};
use samovar_dispatch::{Account, Door, FunctionError, Response as Output};
use serde_json::{Value, json};

use super::*;
use crate::gateway::Gateway;
use crate::testing::{self, Fake, Fixed, NOW_MILLIS, bytes, dispatcher, function};

const FORM_V2: LambdaAuthorizerForm =
    LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V2, simple: true };
const FORM_V1: LambdaAuthorizerForm =
    LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false };

/// An API `Web` with the authorizer `Staff`, a function behind it and one that authorizes.
struct Stand {
    gateway: Gateway,
    /// What the function saw.
    events: Arc<Mutex<Vec<Bytes>>>,
    /// What the authorizer saw.
    asked: Arc<Mutex<Vec<Bytes>>>,
}

/// What an authorizer answers when it is asked for the nth time, from 0.
type Answers = fn(usize) -> Result<Value, FunctionError>;

fn recording(
    answer: impl Fn(usize) -> Result<Value, FunctionError> + Send + Sync + 'static,
) -> (Arc<Fake>, Arc<Mutex<Vec<Bytes>>>) {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let fake = Fake::new(Door::Event, move |_, event| {
        let mut seen = seen.lock().expect("events");
        seen.push(bytes(event));
        let answer = answer(seen.len() - 1);
        (Duration::ZERO, answer.map(|value| Output::Bytes(value.to_string().into())))
    });
    (fake, events)
}

fn api(kind: ApiKind, authorizer: Option<AuthorizerKind>, access: Access) -> Api {
    let route = |method: &str, path: &str| {
        (Route { method: Some(method.into()), path: Some(path.into()) }, "F")
    };
    let routes = vec![route("GET", "/pets/{id}"), route("POST", "/pets/{id}")];
    let mut api = testing::api("Web", kind, "live", routes);
    api.stage_variables.insert("kind".into(), "blue".into());
    api.authorizers.extend(authorizer.map(|kind| samovar_app::Authorizer {
        name: "Staff".into(),
        kind,
        span: testing::span(),
    }));
    for route in &mut api.routes {
        route.access = access.clone();
    }
    api
}

fn by_staff(scopes: &[&str]) -> Access {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    let authorization = Authorization::Authorizer { name: "Staff".into(), scopes };
    Access { authorization, ..Access::default() }
}

fn stand(api: Api, settings: Authorizing, answers: Answers) -> Stand {
    let dispatcher = dispatcher();
    let functions = [Arc::new(function("F")), Arc::new(function("Authorize"))];
    let (fake, events) = recording(|_| Ok(json!({"statusCode": 200})));
    dispatcher.register(functions[0].clone(), fake);
    let (fake, asked) = recording(answers);
    dispatcher.register(functions[1].clone(), fake);
    let (account, clock) = (Account::default(), Arc::new(Fixed));
    let apis = [api];
    let gateway = Gateway::new(&apis, &functions, account, dispatcher, clock)
        .with_authorizing(&apis, &functions, settings);
    Stand { gateway, events, asked }
}

/// The error of a handler.
fn fails(message: &str) -> FunctionError {
    let document = json!({"errorType": "Error", "errorMessage": message});
    FunctionError::handler(document.to_string().into())
}

fn never(_: usize) -> Result<Value, FunctionError> {
    Ok(json!(null))
}

fn lambda(form: LambdaAuthorizerForm, sources: &[&str], ttl: u64) -> AuthorizerKind {
    let sources = sources.iter().map(|text| IdentitySource::parse(text).expect("a source"));
    AuthorizerKind::Lambda(LambdaAuthorizer {
        function: "Authorize".into(),
        form,
        identity_sources: sources.collect(),
        validation: None,
        ttl: Duration::from_secs(ttl),
    })
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::get(path).header("host", "web.localhost:3000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::new())).expect("a request")
}

impl Stand {
    async fn send(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let peer = "203.0.113.7:4711".parse().expect("an address");
        let (parts, body) = self.gateway.handle(request, peer).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Response::from_parts(parts, body)
    }

    /// Status and body.
    async fn answer(&self, request: Request<Full<Bytes>>) -> (u16, String) {
        let response = self.send(request).await;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        (response.status().as_u16(), body)
    }

    fn event(&self) -> Value {
        let events = self.events.lock().expect("events");
        serde_json::from_slice(events.last().expect("an event")).expect("JSON")
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("events").len()
    }

    fn question(&self) -> Bytes {
        self.asked.lock().expect("events").last().expect("a question").clone()
    }
}

fn answer(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

/// What an authorizer answers.
fn policy(effect: &str, resource: &str) -> Value {
    json!({
        "principalId": "ann",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource},
        ]},
        "context": {"level": 3, "name": "Ann", "on": true},
        "usageIdentifierKey": "a-key-of-twenty-letters",
    })
}

const NOW: u64 = NOW_MILLIS / 1000;
