//! What becomes of messages: deleted, or given back.

use std::time::Duration;

use samovar_queue::{BatchEntry, ChangeVisibility, Message, Queues};
use tokio::time::sleep;

/// How often a deletion is tried where the store fails.
const ATTEMPTS: u32 = 5;

/// The first wait between them; it doubles.
const BACK_OFF: Duration = Duration::from_millis(100);

/// SQS's limit of entries in one request.
const BATCH_LIMIT: usize = 10;

/// Deletes messages by their receipt handles, in their order. A store that fails is asked again;
/// what then remains will be delivered once more, as "at least once" allows.
pub(crate) async fn delete(queues: &Queues, queue: &str, handles: &[&str]) {
    for handles in handles.chunks(BATCH_LIMIT) {
        delete_some(queues, queue, handles).await;
    }
}

async fn delete_some(queues: &Queues, queue: &str, handles: &[&str]) {
    let entries = handles.iter().enumerate();
    let mut entries: Vec<BatchEntry<String>> = entries
        .map(|(index, handle)| BatchEntry::new(index.to_string(), (*handle).to_owned()))
        .collect();
    let mut back_off = BACK_OFF;
    for _ in 0..ATTEMPTS {
        match queues.delete_message_batch(queue, entries.clone()).await {
            Ok(result) => {
                let failed = result.failed.iter().filter(|one| !one.entry.is_sender_fault());
                let failed: Vec<&str> = failed.map(|one| one.id.as_str()).collect();
                entries.retain(|entry| failed.contains(&entry.id.as_str()));
            }
            Err(error) if error.is_sender_fault() => return,
            Err(_) => {}
        }
        if entries.is_empty() {
            return;
        }
        sleep(back_off).await;
        back_off *= 2;
    }
}

/// Makes messages visible again that nobody has seen.
pub(crate) async fn release(queues: &Queues, queue: &str, messages: &[Message]) {
    for messages in messages.chunks(BATCH_LIMIT) {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            let receipt_handle = message.receipt_handle.clone();
            let change = ChangeVisibility { receipt_handle, visibility_timeout: 0 };
            BatchEntry::new(index.to_string(), change)
        });
        // If it fails they come back when their time is over.
        let _ = queues.change_message_visibility_batch(queue, entries.collect()).await;
    }
}
