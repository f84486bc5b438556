//! Whatever is sent, there is an answer in the protocol of the request, and it is never the
//! server's fault.

use http::Request;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use samovar_dispatch::Limits;
use tokio::runtime::{Builder, Runtime};

use super::super::query::actions;
use crate::testing::{Got, Stand};

/// Long polls end at once: nothing but they waits for this clock.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

/// With a queue `q`.
async fn stand() -> Stand {
    let stand = Stand::new(Limits::default());
    let create = json(&stand, "CreateQueue", br#"{"QueueName":"q"}"#.to_vec()).await;
    assert_eq!(create.status, 200);
    stand
}

async fn json(stand: &Stand, action: &str, body: Vec<u8>) -> Got {
    let request = Request::post("/").header("x-amz-target", format!("AmazonSQS.{action}"));
    stand.send(request, body).await
}

async fn form(stand: &Stand, body: Vec<u8>) -> Got {
    let request = Request::post("/000000000000/q")
        .header("content-type", "application/x-www-form-urlencoded");
    stand.send(request, body).await
}

fn is_well_answered(got: &Got) -> bool {
    matches!(got.status, 200 | 400 | 403 | 404) && got.header("x-amzn-requestid").is_some()
}

/// Names that keys are made of.
const NAMES: [&str; 24] = [
    "QueueUrl",
    "QueueName",
    "Attribute",
    "AttributeName",
    "Name",
    "Value",
    "Tag",
    "Key",
    "1",
    "2",
    "99999999999",
    "",
    "MessageBody",
    "MessageAttribute",
    "DataType",
    "StringValue",
    "BinaryValue",
    "StringListValue",
    "SendMessageBatchRequestEntry",
    "Id",
    "ReceiptHandle",
    "VisibilityTimeout",
    "WaitTimeSeconds",
    "MaxNumberOfMessages",
];

/// Values that get past the first checks.
fn value() -> impl Strategy<Value = String> {
    let known = select(vec!["q", "1", "-1", "20", "String", "Binary", "Number.x", "AP8%3D", "All"]);
    prop_oneof![known.prop_map(str::to_owned), "\\PC{0,8}"]
}

fn pair() -> impl Strategy<Value = String> {
    (vec(select(&NAMES[..]), 1..6), value())
        .prop_map(|(key, value)| format!("{}={value}", key.join(".")))
}

proptest! {
    #[test]
    fn random_bytes_are_answered(
        action in select(actions()),
        body in vec(any::<u8>(), 0..200),
    ) {
        runtime().block_on(async {
            let stand = stand().await;
            let got = json(&stand, action, body.clone()).await;
            prop_assert!(is_well_answered(&got), "{got:?}");
            if got.status != 200 {
                prop_assert!(got.json()["__type"].is_string());
            }
            let whole = [b"Action=", action.as_bytes(), b"&", &body].concat();
            for body in [whole, body] {
                let got = form(&stand, body).await;
                prop_assert!(is_well_answered(&got), "{got:?}");
                prop_assert!(got.body.starts_with(b"<?xml version=\"1.0\"?><"));
            }
            Ok(())
        })?;
    }

    #[test]
    fn random_forms_are_answered(
        action in select(actions()),
        pairs in vec(pair(), 0..20),
    ) {
        runtime().block_on(async {
            let stand = stand().await;
            let body = format!("Action={action}&{}", pairs.join("&"));
            let got = form(&stand, body.into_bytes()).await;
            prop_assert!(is_well_answered(&got), "{got:?}");
            prop_assert!(got.body.starts_with(b"<?xml version=\"1.0\"?><"));
            Ok(())
        })?;
    }
}
