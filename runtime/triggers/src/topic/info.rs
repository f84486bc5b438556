//! What clients ask about topics and subscriptions.

use super::error::TopicError;
use super::{Served, Topics};

/// One subscription, as `ListSubscriptions` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionInfo {
    /// `SubscriptionArn`.
    pub arn: String,
    /// `Owner`: the account.
    pub owner: String,
    /// `Protocol`.
    pub protocol: String,
    /// `Endpoint`.
    pub endpoint: String,
    /// `TopicArn`.
    pub topic_arn: String,
}

impl Topics {
    /// `ListTopics`: ARNs, in template order.
    pub fn list(&self) -> Vec<&str> {
        self.0.topics.iter().map(|served| served.topic.arn.as_str()).collect()
    }

    /// `CreateTopic` of a topic that there is: its ARN.
    ///
    /// # Errors
    /// `InvalidParameter`: the template has no such topic. Topics are made by the template.
    pub fn create(&self, name: &str) -> Result<&str, TopicError> {
        let found = self.0.topics.iter().find(|served| served.topic.name == name);
        found.map(|served| served.topic.arn.as_str()).ok_or_else(|| {
            TopicError::invalid(&format!(
                "Name Reason: {name} is not a topic of the template, and Samovar makes no others"
            ))
        })
    }

    /// `GetTopicAttributes`: names and values.
    ///
    /// # Errors
    /// `InvalidParameter`, `NotFound`.
    pub fn attributes(&self, arn: &str) -> Result<Vec<(&'static str, String)>, TopicError> {
        let served = self.find(arn)?;
        let confirmed = served.subscribers.len().to_string();
        let mut attributes = vec![
            ("TopicArn", served.topic.arn.clone()),
            ("Owner", self.0.account.id.clone()),
            ("DisplayName", String::new()),
            ("SubscriptionsConfirmed", confirmed),
            ("SubscriptionsPending", "0".to_owned()),
            ("SubscriptionsDeleted", "0".to_owned()),
        ];
        if served.topic.fifo {
            let content_based = served.topic.content_based_deduplication;
            attributes.push(("FifoTopic", "true".to_owned()));
            attributes.push(("ContentBasedDeduplication", content_based.to_string()));
        }
        Ok(attributes)
    }

    /// `ListSubscriptions`, of all topics or (`ListSubscriptionsByTopic`) of one.
    ///
    /// # Errors
    /// `InvalidParameter`, `NotFound`.
    pub fn subscriptions(&self, arn: Option<&str>) -> Result<Vec<SubscriptionInfo>, TopicError> {
        let topics: Vec<&Served> = match arn {
            Some(arn) => vec![self.find(arn)?],
            None => self.0.topics.iter().collect(),
        };
        let of = |served: &Served| -> Vec<SubscriptionInfo> {
            let one = |subscriber: &super::Subscriber| SubscriptionInfo {
                arn: subscriber.arn.clone(),
                owner: self.0.account.id.clone(),
                protocol: subscriber.subscription.protocol.clone(),
                endpoint: subscriber.subscription.endpoint.clone(),
                topic_arn: served.topic.arn.clone(),
            };
            served.subscribers.iter().map(one).collect()
        };
        Ok(topics.into_iter().flat_map(of).collect())
    }
}
