//! What functions that take HTTP learn of their caller.

use http::HeaderMap;
use samovar_dispatch::Event;

use super::*;

/// A gateway whose function takes HTTP, and the headers that it saw last.
fn taking_http(api: Api, answers: Answers) -> (Gateway, Arc<Mutex<HeaderMap>>) {
    let dispatcher = dispatcher();
    let functions = [Arc::new(function("F")), Arc::new(function("Authorize"))];
    let seen: Arc<Mutex<HeaderMap>> = Arc::default();
    let headers = seen.clone();
    let fake = Fake::new(Door::Http, move |_, event| {
        let Event::Http(request) = event else { panic!("not HTTP: {event:?}") };
        *headers.lock().expect("headers") = request.headers().clone();
        (Duration::ZERO, Ok(Output::Http(Response::new(samovar_http::full("")))))
    });
    dispatcher.register(functions[0].clone(), fake);
    dispatcher.register(functions[1].clone(), recording(answers).0);
    let apis = [api];
    let gateway = Gateway::new(&apis, &functions, Account::default(), dispatcher, Arc::new(Fixed));
    (gateway, seen)
}

async fn ask(gateway: &Gateway, headers: &[(&str, &str)]) -> u16 {
    let peer = "203.0.113.7:4711".parse().expect("an address");
    gateway.handle(get("/pets/7", headers), peer).await.status().as_u16()
}

const FORGED: [(&str, &str); 3] =
    [("x-amzn-request-context", "{}"), ("X-Amzn-Lambda-Context", "{}"), ("auth", "Зоя")];

#[tokio::test]
async fn who_calls_stands_in_a_header() {
    for (kind, form, source) in [
        (ApiKind::Rest, LambdaAuthorizerForm::Token, "method.request.header.Auth"),
        (ApiKind::Http, FORM_V1, "$request.header.Auth"),
    ] {
        let authorizer = lambda(form, &[source], 0);
        let api = api(kind, Some(authorizer), by_staff(&[]));
        let (gateway, seen) = taking_http(api, |_| Ok(policy("Allow", "*")));
        assert_eq!(ask(&gateway, &FORGED).await, 200);
        let headers = seen.lock().expect("headers").clone();
        let all: Vec<_> = headers.get_all("x-amzn-request-context").iter().collect();
        assert_eq!(all.len(), 1);
        let context: Value = serde_json::from_slice(all[0].as_bytes()).expect("JSON");
        let authorizer = match kind {
            ApiKind::Rest => &context["authorizer"],
            ApiKind::Http => &context["authorizer"]["lambda"],
        };
        assert_eq!(authorizer["name"], "Ann", "{context}");
        assert!(context["requestId"].is_string() && context["stage"] == "live", "{context}");
        assert!(!headers.contains_key("x-amzn-lambda-context"));
    }
}

#[tokio::test]
async fn nobody_makes_themselves_somebody() {
    let (gateway, seen) = taking_http(api(ApiKind::Http, None, Access::default()), never);
    assert_eq!(ask(&gateway, &FORGED).await, 200);
    let headers = seen.lock().expect("headers").clone();
    assert!(!headers.contains_key("x-amzn-request-context"));
    assert!(!headers.contains_key("x-amzn-lambda-context"));
}
