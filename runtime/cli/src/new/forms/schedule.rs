//! Runs on a schedule.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use samovar_function::{Context, Error, tracing};

async fn tick(event: EventBridgeEvent, _context: Context) -> Result<(), Error> {
    tracing::info!(time = ?event.time, "tick");
    Ok(())
}

samovar_function::event!(tick);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn takes_a_scheduled_event() {
        let event = r#"{
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2015-10-08T16:53:06Z",
            "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
            "detail": {}
        }"#;
        tick(serde_json::from_str(event).unwrap(), Context::default())
            .await
            .unwrap();
    }
}
