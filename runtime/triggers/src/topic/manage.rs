//! What clients make and change: topics, subscriptions, their attributes and tags.
//!
//! SNS API reference, "CreateTopic", "DeleteTopic", "Subscribe", "Unsubscribe",
//! "SetTopicAttributes", "SetSubscriptionAttributes", "TagResource". What the template has made is
//! the template's: clients may read it, and subscribe to its topics, but not change it.

use std::sync::Arc;

use samovar_queue::QueueError;

use super::error::TopicError;
use super::ledger::{Content, MadeSubscription, MadeTopic, Texts};
use super::subscriber::Subscriber;
use super::{Served, Topics};

/// What `CreateTopic` and `SetTopicAttributes` know.
const TOPIC_ATTRIBUTES: &[&str] = &[
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DataProtectionPolicy",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
];

/// The most tags of a topic (SNS guide, "Amazon SNS topic tagging").
const MAX_TAGS: usize = 50;

const OF_TEMPLATE: &str = "Reason: it is the template's, and is changed there";

impl Topics {
    /// `CreateTopic`: the topic's ARN, also where there is the same topic already.
    ///
    /// # Errors
    /// `InvalidParameter`: the name or an attribute is wrong, or there is a topic of this name with
    /// other attributes. `InternalError`: the disk failed.
    pub async fn create(
        &self,
        name: &str,
        attributes: Texts,
        tags: Texts,
    ) -> Result<String, TopicError> {
        check_name(name, attributes.get("FifoTopic").is_some_and(|fifo| fifo == "true"))?;
        attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))?;
        check_tags(&tags)?;
        let mut ledger = self.0.ledger.lock().await;
        let made = MadeTopic { name: name.to_owned(), attributes, tags };
        if let Some(served) = self.0.all().iter().find(|served| served.name() == name) {
            let same = made.attributes.iter().all(|(name, value)| served.has(name, value));
            return if same {
                Ok(served.arn().to_owned())
            } else {
                let reason = "Attributes Reason: Topic already exists with different attributes";
                Err(TopicError::invalid(reason))
            };
        }
        let mut content = ledger.content().clone();
        content.topics.push(made.clone());
        ledger.replace(content).await?;
        let served = Served::made(&made, &self.0.account);
        let arn = served.arn().to_owned();
        self.0.write().push(Arc::new(served));
        Ok(arn)
    }

    /// `DeleteTopic`, with its subscriptions. One that is not there is as deleted.
    ///
    /// # Errors
    /// `InvalidParameter`: that is no ARN, or the topic is the template's. `InternalError`.
    pub async fn delete(&self, arn: &str) -> Result<(), TopicError> {
        let mut ledger = self.0.ledger.lock().await;
        let served = match self.find(arn) {
            Err(error) if error.status == 404 => return Ok(()),
            found => found?,
        };
        if !served.is_made() {
            return Err(TopicError::invalid(&format!("TopicArn {OF_TEMPLATE}")));
        }
        let mut content = ledger.content().clone();
        content.topics.retain(|topic| topic.name != served.name());
        content.subscriptions.retain(|subscription| subscription.topic_arn != arn);
        ledger.replace(content).await?;
        self.0.write().retain(|served| served.arn() != arn);
        Ok(())
    }

    /// `Subscribe` of a queue or function: the subscription's ARN, also where there is the same one
    /// already.
    ///
    /// # Errors
    /// `NotFound`: there is no such topic. `InvalidParameter`: the endpoint is no queue and no
    /// function of this Samovar, an attribute is wrong, or there is a subscription of this endpoint
    /// with other attributes. `InternalError`.
    pub async fn subscribe(
        &self,
        topic_arn: &str,
        protocol: &str,
        endpoint: &str,
        attributes: Texts,
    ) -> Result<String, TopicError> {
        let mut ledger = self.0.ledger.lock().await;
        let served = self.find(topic_arn)?;
        let made = MadeSubscription {
            topic_arn: topic_arn.to_owned(),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            attributes,
        };
        let subscriber = Subscriber::made(&made, &self.0.functions, self.0.deliveries.queues())?;
        if let Some(known) = served.subscribers().iter().find(|one| one.arn == subscriber.arn) {
            let (known_as, given) = (known.attributes(), subscriber.attributes());
            let same = |name: &String| known_as.get(name) == given.get(name);
            return if made.attributes.keys().all(same) {
                Ok(known.arn.clone())
            } else {
                let reason =
                    "Attributes Reason: Subscription already exists with different attributes";
                Err(TopicError::invalid(reason))
            };
        }
        let mut content = ledger.content().clone();
        content.subscriptions.push(made);
        ledger.replace(content).await?;
        let arn = subscriber.arn.clone();
        served.write().push(Arc::new(subscriber));
        Ok(arn)
    }

    /// `Unsubscribe`. A subscription that is not there is as gone.
    ///
    /// # Errors
    /// `InvalidParameter`: that is no ARN, or the subscription is the template's. `InternalError`.
    pub async fn unsubscribe(&self, arn: &str) -> Result<(), TopicError> {
        let mut ledger = self.0.ledger.lock().await;
        let (served, subscriber) = match self.subscription(arn) {
            Err(error) if error.status == 404 => return Ok(()),
            found => found?,
        };
        let content = changed(ledger.content(), &subscriber, |_| None)?;
        ledger.replace(content).await?;
        served.write().retain(|one| one.arn != arn);
        Ok(())
    }

    /// `GetSubscriptionAttributes`: names and values.
    ///
    /// # Errors
    /// `InvalidParameter`, `NotFound`.
    pub fn subscription_attributes(&self, arn: &str) -> Result<Texts, TopicError> {
        let (served, subscriber) = self.subscription(arn)?;
        let mut attributes = subscriber.attributes();
        let more = [
            ("SubscriptionArn", subscriber.arn.as_str()),
            ("TopicArn", served.arn()),
            ("Owner", &self.0.account.id),
            ("Protocol", &subscriber.protocol),
            ("Endpoint", &subscriber.address),
            ("PendingConfirmation", "false"),
            ("ConfirmationWasAuthenticated", "true"),
        ];
        attributes.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(attributes)
    }

    /// `SetSubscriptionAttributes`. An empty value takes an attribute away.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParameter`: the attribute is wrong, or the subscription is the
    /// template's. `InternalError`.
    pub async fn set_subscription_attribute(
        &self,
        arn: &str,
        name: &str,
        value: &str,
    ) -> Result<(), TopicError> {
        let mut ledger = self.0.ledger.lock().await;
        let (served, subscriber) = self.subscription(arn)?;
        let mut remade = None;
        let content = changed(ledger.content(), &subscriber, |made| {
            let mut made = made.clone();
            match value {
                "" | "{}" if name != "RawMessageDelivery" => made.attributes.remove(name),
                _ => made.attributes.insert(name.to_owned(), value.to_owned()),
            };
            remade = Some(made.clone());
            Some(made)
        })?;
        let Some(made) = remade else { return Err(TopicError::no_subscription()) };
        let remade = Subscriber::made(&made, &self.0.functions, self.0.deliveries.queues())?;
        ledger.replace(content).await?;
        let remade = Arc::new(remade);
        for one in served.write().iter_mut().filter(|one| one.arn == arn) {
            *one = remade.clone();
        }
        Ok(())
    }

    /// `SetTopicAttributes`.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParameter`: the attribute is wrong, or the topic is the template's.
    /// `InternalError`.
    pub async fn set_attribute(
        &self,
        arn: &str,
        name: &str,
        value: &str,
    ) -> Result<(), TopicError> {
        check_attribute(name, value)?;
        if name == "FifoTopic" {
            return Err(TopicError::invalid("AttributeName"));
        }
        self.change(arn, |topic| {
            topic.attributes.insert(name.to_owned(), value.to_owned());
            Ok(())
        })
        .await
    }

    /// `TagResource`.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidParameter`, `InternalError`.
    pub async fn tag(&self, arn: &str, tags: Texts) -> Result<(), TopicError> {
        let change = |topic: &mut MadeTopic| {
            topic.tags.extend(tags);
            check_tags(&topic.tags)
        };
        self.change(arn, change).await.map_err(TopicError::of_resource)
    }

    /// `UntagResource`.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidParameter`, `InternalError`.
    pub async fn untag(&self, arn: &str, keys: &[String]) -> Result<(), TopicError> {
        let change = |topic: &mut MadeTopic| {
            topic.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        };
        self.change(arn, change).await.map_err(TopicError::of_resource)
    }

    /// `ListTagsForResource`. Those of the template's topics are not known.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidParameter`.
    pub fn tags(&self, arn: &str) -> Result<Texts, TopicError> {
        Ok(self.find(arn).map_err(TopicError::of_resource)?.tags())
    }

    /// Changes a topic that a client has made.
    async fn change(
        &self,
        arn: &str,
        change: impl FnOnce(&mut MadeTopic) -> Result<(), TopicError>,
    ) -> Result<(), TopicError> {
        let mut ledger = self.0.ledger.lock().await;
        let served = self.find(arn)?;
        let mut content = ledger.content().clone();
        let made = content.topics.iter_mut().find(|topic| topic.name == served.name());
        let Some(made) = made.filter(|_| served.is_made()) else {
            return Err(TopicError::invalid(&format!("TopicArn {OF_TEMPLATE}")));
        };
        change(made)?;
        let made = made.clone();
        ledger.replace(content).await?;
        served.remake(&made);
        Ok(())
    }

    /// A subscription with its topic.
    fn subscription(&self, arn: &str) -> Result<(Arc<Served>, Arc<Subscriber>), TopicError> {
        let elements = arn.split(':').count();
        if elements < 6 {
            let reason = format!(
                "SubscriptionArn Reason: An ARN must have at least 6 elements, not {elements}"
            );
            return Err(TopicError::invalid(&reason));
        }
        let all = self.0.all();
        let find = |served: Arc<Served>| {
            let subscriber = served.subscribers().into_iter().find(|one| one.arn == arn)?;
            Some((served, subscriber))
        };
        all.into_iter().find_map(find).ok_or_else(TopicError::no_subscription)
    }
}

impl From<std::io::Error> for TopicError {
    /// The disk failed.
    fn from(error: std::io::Error) -> Self {
        let kind = samovar_queue::ErrorKind::InternalFailure;
        QueueError::new(kind, format!("what was asked for could not be written: {error}")).into()
    }
}

/// The content with another subscription in the place of one, or none.
fn changed(
    content: &Content,
    subscriber: &Subscriber,
    mut change: impl FnMut(&MadeSubscription) -> Option<MadeSubscription>,
) -> Result<Content, TopicError> {
    if !subscriber.is_made {
        return Err(TopicError::invalid(&format!("SubscriptionArn {OF_TEMPLATE}")));
    }
    let subscriptions = content.subscriptions.iter().filter_map(|made| {
        if Subscriber::arn_of(&made.topic_arn, &made.protocol, &made.endpoint) == subscriber.arn {
            change(made)
        } else {
            Some(made.clone())
        }
    });
    Ok(Content { topics: content.topics.clone(), subscriptions: subscriptions.collect() })
}

/// API reference, "CreateTopic": letters, digits, `_` and `-`, 1 to 256, and `.fifo` at the end of
/// FIFO topics' names.
fn check_name(name: &str, fifo: bool) -> Result<(), TopicError> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_name = |stem: &str| !stem.is_empty() && name.len() <= 256 && stem.chars().all(is_valid);
    match name.strip_suffix(".fifo") {
        Some(stem) if fifo && is_name(stem) => Ok(()),
        None if !fifo && is_name(name) => Ok(()),
        _ if fifo => Err(TopicError::invalid(
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and \
             lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and \
             256 characters long.",
        )),
        _ => Err(TopicError::invalid("Topic Name")),
    }
}

fn check_attribute(name: &str, value: &str) -> Result<(), TopicError> {
    let is_known = TOPIC_ATTRIBUTES.contains(&name);
    let is_boolean = matches!(name, "FifoTopic" | "ContentBasedDeduplication");
    match value {
        _ if !is_known => Err(TopicError::invalid("AttributeName")),
        "true" | "false" => Ok(()),
        _ if is_boolean => Err(TopicError::invalid(name)),
        _ => Ok(()),
    }
}

fn check_tags(tags: &Texts) -> Result<(), TopicError> {
    let is_tag = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    if tags.len() > MAX_TAGS {
        let text = "Could not complete request: tag quota of per resource exceeded";
        return Err(TopicError::tag_limit(text));
    }
    if tags.iter().all(is_tag) { Ok(()) } else { Err(TopicError::invalid("Tags")) }
}

#[cfg(test)]
mod tests;
