//! Topics: what is published goes to the queues and functions that subscribe.
//!
//! SNS developer guide, "Message publishing" and "Message delivery"; API reference, "Publish".
//!
//! When a publish is answered, its messages are on disk: in the queues that subscribe, and in
//! the deliveries of the functions that do. Other protocols are not served, and HTTP endpoints,
//! mail and phones get nothing.

mod error;
mod fifo;
mod filter;
mod info;
mod ledger;
mod manage;
mod notification;
mod publication;
mod served;
mod subscriber;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use samovar_app::{Function, Topic};
use samovar_dispatch::Account;

pub use self::error::TopicError;
pub use self::info::SubscriptionInfo;
use self::ledger::Ledger;
pub use self::ledger::LedgerError;
use self::notification::Notification;
pub(crate) use self::notification::queue_body;
pub use self::publication::{Publication, Published};
use self::served::Served;
use self::subscriber::Subscriber;
use crate::deliveries::Deliveries;
use crate::time::rfc3339_millis;

/// The most entries of one batch (API reference, "PublishBatch").
const MAX_BATCH: usize = 10;

/// The topics of an application. Cheap to clone.
#[derive(Clone)]
pub struct Topics(Arc<Shared>);

struct Shared {
    topics: RwLock<Vec<Arc<Served>>>,
    functions: Vec<Arc<Function>>,
    account: Account,
    deliveries: Deliveries,
    /// What clients have made. Held while one changes it.
    ledger: tokio::sync::Mutex<Ledger>,
}

impl Topics {
    /// These topics of the template, with subscribers of which the functions are among
    /// `functions`. What clients make lasts as long as this.
    pub fn new(
        topics: &[Topic],
        functions: &[Arc<Function>],
        account: Account,
        deliveries: Deliveries,
    ) -> Self {
        Self::with(topics, functions, account, deliveries, Ledger::default())
    }

    /// The same, with what clients have made before: it is kept in the file at `path`.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn open(
        topics: &[Topic],
        functions: &[Arc<Function>],
        account: Account,
        deliveries: Deliveries,
        path: &Path,
    ) -> Result<Self, LedgerError> {
        Ok(Self::with(topics, functions, account, deliveries, Ledger::open(path)?))
    }

    fn with(
        topics: &[Topic],
        functions: &[Arc<Function>],
        account: Account,
        deliveries: Deliveries,
        ledger: Ledger,
    ) -> Self {
        let mut served: Vec<_> =
            topics.iter().map(|topic| Arc::new(Served::new(topic, functions))).collect();
        for made in &ledger.content().topics {
            // The template may have a topic of this name by now.
            if served.iter().all(|served| served.name() != made.name) {
                served.push(Arc::new(Served::made(made, &account)));
            }
        }
        for made in &ledger.content().subscriptions {
            let Some(served) = served.iter().find(|served| served.arn() == made.topic_arn) else {
                continue;
            };
            // A function that it was for may be gone.
            if let Ok(subscriber) = Subscriber::made(made, functions, deliveries.queues())
                && served.subscribers().iter().all(|known| known.arn != subscriber.arn)
            {
                served.write().push(Arc::new(subscriber));
            }
        }
        Self(Arc::new(Shared {
            topics: RwLock::new(served),
            functions: functions.to_vec(),
            account,
            deliveries,
            ledger: tokio::sync::Mutex::new(ledger),
        }))
    }

    /// `Publish` to the topic with this ARN.
    ///
    /// # Errors
    /// `InvalidParameter`, `ParameterValueInvalid`, `ValidationError`, `NotFound`; `InternalError`
    /// where the store failed: some subscribers may have got the message all the same.
    pub async fn publish(
        &self,
        arn: &str,
        publication: Publication,
    ) -> Result<Published, TopicError> {
        publication.check()?;
        let served = self.find(arn)?;
        publication.check_for(&served)?;
        self.0.publish(&served, publication).await
    }

    /// `PublishBatch`: entries with their ids. The results are in the order of the entries.
    ///
    /// # Errors
    /// `NotFound`, and of the whole batch `EmptyBatchRequest`, `TooManyEntriesInBatchRequest`,
    /// `InvalidBatchEntryId`, `BatchEntryIdsNotDistinct`, `BatchRequestTooLong`.
    pub async fn publish_batch(
        &self,
        arn: &str,
        entries: Vec<(String, Publication)>,
    ) -> Result<Vec<(String, Result<Published, TopicError>)>, TopicError> {
        let served = self.find(arn)?;
        check_batch(&entries)?;
        let mut results = Vec::with_capacity(entries.len());
        for (id, publication) in entries {
            let checked = publication.check().and_then(|()| publication.check_for(&served));
            let result = match checked {
                Ok(()) => self.0.publish(&served, publication).await,
                Err(error) => Err(error),
            };
            results.push((id, result));
        }
        Ok(results)
    }

    fn find(&self, arn: &str) -> Result<Arc<Served>, TopicError> {
        let is_arn = arn.starts_with("arn:") && arn.split(':').count() >= 6;
        if !is_arn {
            return Err(TopicError::invalid("TopicArn"));
        }
        self.0.find(arn).ok_or_else(TopicError::not_found)
    }
}

/// API reference, "PublishBatch": its errors, which SQS has in the same words.
fn check_batch(entries: &[(String, Publication)]) -> Result<(), TopicError> {
    if entries.is_empty() {
        let text = "The batch request doesn't contain any entries.";
        return Err(TopicError::batch("EmptyBatchRequest", text));
    }
    if entries.len() > MAX_BATCH {
        let text = "The batch request contains more entries than permissible.";
        return Err(TopicError::batch("TooManyEntriesInBatchRequest", text));
    }
    let is_id = |id: &str| {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (1..=80).contains(&id.len()) && id.chars().all(is_valid)
    };
    if entries.iter().any(|(id, _)| !is_id(id)) {
        let text = "The Id of a batch entry in a batch request doesn't abide by the specification.";
        return Err(TopicError::batch("InvalidBatchEntryId", text));
    }
    let mut ids: Vec<&str> = entries.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        let text = "Two or more batch entries in the request have the same Id.";
        return Err(TopicError::batch("BatchEntryIdsNotDistinct", text));
    }
    if entries.iter().map(|(_, publication)| publication.size()).sum::<usize>()
        > publication::MAX_BYTES
    {
        let text = "The length of all the batch messages put together is more than the limit.";
        return Err(TopicError::batch("BatchRequestTooLong", text));
    }
    Ok(())
}

impl Shared {
    fn find(&self, arn: &str) -> Option<Arc<Served>> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.iter().find(|served| served.arn() == arn).cloned()
    }

    /// The topics that there are now.
    fn all(&self) -> Vec<Arc<Served>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Arc<Served>>> {
        self.topics.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a checked publication to all subscribers.
    async fn publish(
        &self,
        served: &Served,
        publication: Publication,
    ) -> Result<Published, TopicError> {
        let now = self.deliveries.clock().now();
        if !served.is_fifo {
            let published = Published::new(None);
            self.deliver(served, &publication, &published, now).await?;
            return Ok(published);
        }
        let mut fifo = served.fifo.lock().await;
        let deduplication = publication.deduplication();
        if let Some(before) = fifo.find(&deduplication, now) {
            return Ok(before);
        }
        let published = Published::new(Some(fifo.next_sequence_number(now)));
        let publication = Publication { deduplication_id: Some(deduplication), ..publication };
        self.deliver(served, &publication, &published, now).await?;
        fifo.insert(publication.deduplication(), published.clone(), now);
        Ok(published)
    }

    async fn deliver(
        &self,
        served: &Served,
        publication: &Publication,
        published: &Published,
        now: std::time::SystemTime,
    ) -> Result<(), TopicError> {
        let timestamp = rfc3339_millis(now);
        let mut parcels = Vec::new();
        for subscriber in served.subscribers() {
            if !subscriber.wants(publication) {
                continue;
            }
            let notification = Notification::new(
                &self.account.region,
                served.arn(),
                publication,
                published,
                &timestamp,
                &subscriber,
            );
            match subscriber.parcel(served.name(), &notification, now) {
                Some(parcel) => parcels.push(parcel),
                None => {
                    let queues = self.deliveries.queues();
                    subscriber.send(queues, publication, &notification).await?;
                }
            }
        }
        self.deliveries.accept(parcels).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
