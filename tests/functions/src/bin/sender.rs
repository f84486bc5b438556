//! Sends `{"text": "…"}` to the queue at `QUEUE_URL` with the AWS SDK, and answers the message's id.

use aws_sdk_sqs::Client;
use samovar_function::{Context, Error, aws, tracing};
use serde::Deserialize;

#[derive(Deserialize)]
struct Event {
    text: String,
}

samovar_function::event!({
    let queue = std::env::var("QUEUE_URL")?;
    let sqs = Client::new(&aws::config());
    async move |event: Event, _context: Context| -> Result<Option<String>, Error> {
        let bytes = event.text.len();
        let message = sqs.send_message().queue_url(&queue).message_body(event.text);
        let id = message.send().await?.message_id;
        tracing::info!(bytes, "sent");
        Ok(id)
    }
});
