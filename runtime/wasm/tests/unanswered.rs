//! HTTP components that set no response.

mod common;

use common::{request, text};
use samovar_dispatch::{Event, Reply};
use serde_json::json;

/// A component whose handler has `body`, and lets go of nothing.
fn handler(body: &str) -> String {
    format!(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance $types
                (export "incoming-request" (type (sub resource)))
                (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $outparam))
            (core module $module (func (export "handle") (param i32 i32) {body}))
            (core instance $instance (instantiate $module))
            (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
                (canon lift (core func $instance "handle")))
            (instance $interface (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.0" (instance $interface)))"#
    )
}

/// However the caller takes the response, it hears of the failure at once and not at the time-out,
/// though the guest holds on to its response-outparam.
#[tokio::test]
async fn a_guest_that_does_not_answer_fails_at_once() {
    for (body, message) in [
        (
            "unreachable",
            "Runtime exited with error: wasm trap: wasm `unreachable` instruction executed",
        ),
        ("", "Runtime exited without a response: response-outparam was not set"),
    ] {
        let guest = text(&handler(body));
        for streaming in [true, false] {
            let (reply, _response) = Reply::channel();
            let event = Event::Http(request("GET", "/", ""));
            let ended = guest.invoke_as(event, streaming, reply).await;
            let error = ended.outcome.unwrap_err();
            assert_eq!((error.error_type.as_str(), error.message.as_str()), (EXIT, message));
        }
        let event = json!({
            "version": "2.0",
            "rawPath": "/",
            "requestContext": {"http": {"method": "GET"}},
        });
        assert_eq!(guest.failure(event).await.message, message);
    }
}

const EXIT: &str = "Runtime.ExitError";
