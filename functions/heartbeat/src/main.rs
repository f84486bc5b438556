//! Logs one line of JSON on a schedule.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use samovar_function::{Context, Error};
use serde_json::{Value, json};

async fn beat(event: EventBridgeEvent, context: Context) -> Result<(), Error> {
    println!("{}", line(&event, &context));
    Ok(())
}

/// The line: which rule fired, when it was due, and which invocation logged it.
fn line(event: &EventBridgeEvent, context: &Context) -> Value {
    json!({
        "message": "heartbeat",
        "rule": event.resources.iter().flatten().next(),
        "time": event.time,
        "requestId": context.request_id,
    })
}

samovar_function::event!(beat);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_rule_time_and_request() {
        // Amazon EventBridge User Guide, "Scheduled events".
        let event = json!({
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2015-10-08T16:53:06Z",
            "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
            "detail": {},
        });
        let mut context = Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into();
        assert_eq!(
            line(&serde_json::from_value(event).unwrap(), &context),
            json!({
                "message": "heartbeat",
                "rule": "arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule",
                "time": "2015-10-08T16:53:06Z",
                "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            })
        );
    }
}
