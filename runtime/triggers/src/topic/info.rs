//! What clients ask about topics and subscriptions.

use super::Topics;
use super::error::TopicError;

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
    /// `ListTopics`: ARNs; the template's in its order, then those that clients have made.
    pub fn list(&self) -> Vec<String> {
        self.0.all().iter().map(|served| served.arn().to_owned()).collect()
    }

    /// `GetTopicAttributes`: names and values.
    ///
    /// # Errors
    /// `InvalidParameter`, `NotFound`.
    pub fn attributes(&self, arn: &str) -> Result<Vec<(String, String)>, TopicError> {
        let served = self.find(arn)?;
        let confirmed = served.subscribers().len().to_string();
        let mut attributes = served.attributes();
        if !served.is_fifo {
            // Standard topics have neither.
            attributes.remove("FifoTopic");
            attributes.remove("ContentBasedDeduplication");
        }
        attributes.entry("DisplayName".to_owned()).or_default();
        let more = [
            ("TopicArn", served.arn()),
            ("Owner", &self.0.account.id),
            ("SubscriptionsConfirmed", &confirmed),
            ("SubscriptionsPending", "0"),
            ("SubscriptionsDeleted", "0"),
        ];
        attributes.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(attributes.into_iter().collect())
    }

    /// `ListSubscriptions`, of all topics or (`ListSubscriptionsByTopic`) of one.
    ///
    /// # Errors
    /// `InvalidParameter`, `NotFound`.
    pub fn subscriptions(&self, arn: Option<&str>) -> Result<Vec<SubscriptionInfo>, TopicError> {
        let topics = match arn {
            Some(arn) => vec![self.find(arn)?],
            None => self.0.all(),
        };
        let mut subscriptions = Vec::new();
        for served in topics {
            subscriptions.extend(served.subscribers().into_iter().map(|one| SubscriptionInfo {
                arn: one.arn.clone(),
                owner: self.0.account.id.clone(),
                protocol: one.protocol.clone(),
                endpoint: one.address.clone(),
                topic_arn: served.arn().to_owned(),
            }));
        }
        Ok(subscriptions)
    }
}
