//! The queue that orders go to.

use std::env::VarError;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde::Serialize;

use crate::order::Order;

/// The SQS queue of accepted orders.
#[derive(Clone, Debug)]
pub(crate) struct OrderQueue {
    client: Client,
    url: String,
}

/// An order's message. The worker reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    order_id: &'a str,
    #[serde(flatten)]
    order: &'a Order,
}

/// Why an order is not in the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("order as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("SendMessage: {0}")]
    Sqs(String),
}

impl OrderQueue {
    /// The queue at `ORDERS_QUEUE_URL`, with region, credentials and endpoint from the
    /// environment. Sends nothing yet.
    ///
    /// # Errors
    /// `ORDERS_QUEUE_URL` is not set.
    pub(crate) async fn from_env() -> Result<Self, VarError> {
        let url = std::env::var("ORDERS_QUEUE_URL")?;
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

    /// Sends `{"orderId", "item", "quantity"}`.
    ///
    /// # Errors
    /// The queue did not take the message, after the SDK's own retries.
    pub(crate) async fn send(&self, order_id: &str, order: &Order) -> Result<(), SendError> {
        let body = serde_json::to_string(&Message { order_id, order })?;
        let request = self.client.send_message().queue_url(&self.url).message_body(body);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(SendError::Sqs(DisplayErrorContext(error).to_string())),
        }
    }
}
