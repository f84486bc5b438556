use http::Request;
use samovar_app::{Function, RetryPolicy, RuleTrigger, Trigger};
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

#[tokio::test]
async fn buses_have_pages() {
    let rule = |bus: usize| {
        Trigger::Rule(RuleTrigger {
            name: "r".into(),
            rule: "r".into(),
            bus: format!("bus-{bus:03}"),
            pattern: json!({"source": ["shop"]}),
            input: None,
            input_path: None,
            input_transformer: None,
            retry: RetryPolicy::default(),
            dead_letter: None,
            enabled: true,
            span: function("Orders").span,
        })
    };
    let mut stand = Stand::new(Limits::default());
    let triggers = (0..120).map(rule).collect();
    stand.add_senders(&[], vec![Function { triggers, ..function("Orders") }.into()]).await;

    let mut names = Vec::new();
    let mut input = json!({"NamePrefix": "bus-", "Limit": 50});
    for left in [70, 20, 0] {
        let page = call(&stand, "ListEventBuses", input.clone()).await.json();
        let buses = page["EventBuses"].as_array().expect("a list").clone();
        names.extend(buses.iter().map(|bus| bus["Name"].as_str().expect("a name").to_owned()));
        assert_eq!(page["NextToken"].is_string(), left > 0, "{page}");
        input["NextToken"] = page["NextToken"].clone();
    }
    assert_eq!(names, (0..120).map(|n| format!("bus-{n:03}")).collect::<Vec<_>>());
    for wrong in [json!({"NextToken": "x"}), json!({"Limit": 0}), json!({"Limit": 101})] {
        let got = call(&stand, "ListEventBuses", wrong).await;
        assert_eq!((got.status, &got.json()["__type"]), (400, &json!("ValidationException")));
    }
}

#[tokio::test]
async fn patterns_are_tried() {
    let event = json!({
        "id": "1", "account": "000000000000", "source": "shop", "time": "2020-01-01T00:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "Paid", "detail": {"amount": 12},
    });
    let event = event.to_string();
    let stand = stand().await;
    for (pattern, result) in [(r#"{"source": ["shop"]}"#, true), (r#"{"source": ["x"]}"#, false)] {
        let input = json!({"EventPattern": pattern, "Event": event});
        assert_eq!(call(&stand, "TestEventPattern", input).await.json(), json!({"Result": result}));
    }
    for (pattern, event, kind) in [
        ("{", event.as_str(), "InvalidEventPatternException"),
        ("{\"source\": [\"shop\"]}", "{}", "ValidationException"),
    ] {
        let input = json!({"EventPattern": pattern, "Event": event});
        let got = call(&stand, "TestEventPattern", input).await;
        assert_eq!((got.status, &got.json()["__type"]), (400, &json!(kind)));
    }
}
