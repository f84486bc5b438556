//! Prices orders from a queue and sends a receipt for each.

mod pricing;
mod receipts;
mod worker;

use aws_lambda_events::sqs::SqsEvent;
use samovar_function::Error;

samovar_function::event!({
    let receipts = receipts::ReceiptQueue::from_env().await?;
    async move |event: SqsEvent, _context| Ok::<_, Error>(worker::handle(&receipts, event).await)
});
