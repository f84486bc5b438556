//! Handles the messages of a queue.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use samovar_function::{Context, Error, tracing};

/// Answers which messages the queue must keep for another try. Those that fail three times go to
/// the dead-letter queue.
async fn handle(event: SqsEvent, _context: Context) -> Result<SqsBatchResponse, Error> {
    let mut failed = Vec::new();
    for message in event.records {
        let id = message.message_id.unwrap_or_default();
        if let Err(error) = work(message.body.as_deref().unwrap_or_default()).await {
            tracing::error!("{id}: {error}");
            failed.push(id);
        }
    }
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    Ok(response)
}

async fn work(body: &str) -> Result<(), Error> {
    if body.is_empty() {
        return Err("the message is empty".into());
    }
    tracing::info!("a message of {} bytes", body.len());
    Ok(())
}

samovar_function::event!(handle);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_messages_that_fail_come_again() {
        let event = r#"{"Records": [{"messageId": "1", "body": "tea"}, {"messageId": "2"}]}"#;
        let event = serde_json::from_str(event).unwrap();
        let response = handle(event, Context::default()).await.unwrap();
        let failed: Vec<_> = response
            .batch_item_failures
            .iter()
            .map(|failure| &failure.item_identifier)
            .collect();
        assert_eq!(failed, ["2"]);
    }
}
