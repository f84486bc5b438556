//! The queue that receipts go to.

use std::collections::HashSet;
use std::env::VarError;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, DisplayErrorContext};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use samovar_function::tracing;

use crate::pricing::Receipt;

/// Entries of one `SendMessageBatch` (SQS API).
const MAX_BATCH: usize = 10;

/// The SQS queue of receipts.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptQueue {
    client: Client,
    url: String,
}

/// Why a batch of receipts is not in the queue.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("receipt as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("receipt as a message: {0}")]
    Entry(#[from] BuildError),
    #[error("SendMessageBatch: {0}")]
    Sqs(String),
}

impl ReceiptQueue {
    /// The queue at `RECEIPTS_QUEUE_URL`, with region, credentials and endpoint from the
    /// environment. Sends nothing yet.
    ///
    /// # Errors
    /// `RECEIPTS_QUEUE_URL` is not set.
    pub(crate) async fn from_env() -> Result<Self, VarError> {
        let url = std::env::var("RECEIPTS_QUEUE_URL")?;
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let config = aws_config::from_env().http_client(http).load().await;
        Ok(Self::new(Client::new(&config), url))
    }

    /// The queue at `url`.
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends receipts, ten a request, and answers for each whether the queue has it.
    pub(crate) async fn send(&self, receipts: &[Receipt]) -> Vec<bool> {
        let mut sent = Vec::with_capacity(receipts.len());
        for batch in receipts.chunks(MAX_BATCH) {
            let taken = self.send_batch(batch).await.unwrap_or_else(|error| {
                tracing::error!(%error, receipts = batch.len(), "receipts not sent");
                HashSet::new()
            });
            sent.extend((0..batch.len()).map(|index| taken.contains(&index.to_string())));
        }
        sent
    }

    /// The entry ids that the queue took: positions in `batch`.
    async fn send_batch(&self, batch: &[Receipt]) -> Result<HashSet<String>, SendError> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (index, receipt) in batch.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(serde_json::to_string(receipt)?)
                .build()?;
            request = request.entries(entry);
        }
        let answer = request.send().await;
        let answer =
            answer.map_err(|error| SendError::Sqs(DisplayErrorContext(error).to_string()))?;
        for failed in answer.failed() {
            tracing::error!(code = failed.code(), message = failed.message(), "receipt not sent");
        }
        Ok(answer.successful.into_iter().map(|entry| entry.id).collect())
    }
}
