//! From a batch of orders to what the queue is to keep of it.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use samovar_function::tracing;

use crate::pricing;
use crate::receipts::ReceiptQueue;

/// Prices each order and sends its receipt. The answer names the messages that the queue must
/// keep for another try (Lambda guide, "Implementing partial batch responses").
pub(crate) async fn handle(receipts: &ReceiptQueue, event: SqsEvent) -> SqsBatchResponse {
    let mut failed = Vec::new();
    let mut priced_ids = Vec::new();
    let mut priced = Vec::new();
    for message in event.records {
        // A message without an id does not occur; an empty one makes Lambda keep the whole batch.
        let id = message.message_id.unwrap_or_default();
        match pricing::receipt(&message.body.unwrap_or_default()) {
            Ok(receipt) => {
                priced_ids.push(id);
                priced.push(receipt);
            }
            Err(error) => {
                tracing::warn!(message_id = id, %error, "order not priced");
                failed.push(id);
            }
        }
    }
    let sent = receipts.send(&priced).await;
    failed.extend(priced_ids.into_iter().zip(sent).filter(|(_, sent)| !sent).map(|(id, _)| id));

    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

#[cfg(test)]
mod tests;
