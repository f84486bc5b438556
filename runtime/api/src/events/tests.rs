use http::Request;
use samovar_dispatch::Limits;
use serde_json::{Value, json};

use crate::testing::{Got, Stand, echo, function};

async fn call(stand: &Stand, action: &str, body: Value) -> Got {
    let request = Request::post("/")
        .header("x-amz-target", format!("AWSEvents.{action}"))
        .header("content-type", "application/x-amz-json-1.1");
    stand.send(request, body.to_string()).await
}

async fn stand() -> Stand {
    let mut stand = Stand::new(Limits::default());
    stand.register("Orders", echo);
    stand.add_senders(&[], vec![function("Orders").into()]).await;
    stand
}

#[tokio::test]
async fn put_events_answers_entry_by_entry() {
    let entries = json!([
        {
            "Source": "shop", "DetailType": "Order", "Detail": "{}", "Time": 1_584_039_838.5,
            "Resources": ["arn:one"], "EventBusName": "default",
        },
        {"DetailType": "Order", "Detail": "{}"},
        {"Source": "shop", "DetailType": "Order", "Detail": "no"},
    ]);
    let got = call(&stand().await, "PutEvents", json!({"Entries": entries})).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/x-amz-json-1.1")));
    let id = got.json()["Entries"][0]["EventId"].clone();
    assert_eq!(id.as_str().map(str::len), Some(36));
    assert_eq!(
        got.json(),
        json!({"FailedEntryCount": 2, "Entries": [
            {"EventId": id},
            {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage":
                    "Parameter Source is not valid. Reason: Source is a required argument.",
            },
            {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
        ]})
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_one_error() {
    let stand = stand().await;
    for (body, kind, message) in [
        (
            json!({"Entries": []}),
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member \
             must have length greater than or equal to 1",
        ),
        (json!({"Entries": [{"Time": -1e300}]}), "SerializationException", "Time"),
    ] {
        let got = call(&stand, "PutEvents", body).await;
        assert_eq!((got.status, got.json()), (400, json!({"__type": kind, "message": message})));
    }
}

#[tokio::test]
async fn buses_are_listed_and_rules_are_the_templates() {
    let stand = stand().await;
    let arn = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    let got = call(&stand, "ListEventBuses", json!({})).await;
    assert_eq!(got.json(), json!({"EventBuses": [{"Name": "default", "Arn": arn}]}));
    let got = call(&stand, "PutRule", json!({"Name": "x"})).await;
    assert_eq!((got.status, &got.json()["__type"]), (400, &json!("OperationDisabledException")));
    let message = got.json()["message"].to_string();
    assert!(message.contains("PutRule") && message.contains("template"), "{message}");
}
