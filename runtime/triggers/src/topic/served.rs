//! A topic that is served.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use samovar_app::{Function, Topic};
use samovar_dispatch::Account;

use super::fifo::Fifo;
use super::ledger::{MadeTopic, Texts};
use super::subscriber::Subscriber;

/// A topic and who subscribes to it.
pub(super) struct Served {
    name: String,
    arn: String,
    pub(super) is_fifo: bool,
    /// Whether a client has made it, and not the template.
    is_made: bool,
    settings: RwLock<Settings>,
    subscribers: RwLock<Vec<Arc<Subscriber>>>,
    /// What was published last, for FIFO topics. Held while one publishes, so that all
    /// subscribers get the messages in the order of their sequence numbers.
    pub(super) fifo: tokio::sync::Mutex<Fifo>,
}

/// What a client may change.
#[derive(Default)]
struct Settings {
    attributes: Texts,
    tags: Texts,
}

impl Served {
    /// A topic of the template.
    pub(super) fn new(topic: &Topic, functions: &[Arc<Function>]) -> Self {
        let subscribers = topic.subscriptions.iter();
        let subscribers = subscribers
            .map(|subscription| Arc::new(Subscriber::new(&topic.arn, subscription, functions)));
        let attributes = [
            ("FifoTopic", topic.fifo),
            ("ContentBasedDeduplication", topic.content_based_deduplication),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_string()));
        Self {
            name: topic.name.clone(),
            arn: topic.arn.clone(),
            is_fifo: topic.fifo,
            is_made: false,
            settings: RwLock::new(Settings { attributes: attributes.into(), tags: Texts::new() }),
            subscribers: RwLock::new(subscribers.collect()),
            fifo: tokio::sync::Mutex::default(),
        }
    }

    /// A topic that a client has made, without subscribers.
    pub(super) fn made(made: &MadeTopic, account: &Account) -> Self {
        let Account { id, region } = account;
        let MadeTopic { name, attributes, tags } = made.clone();
        Self {
            arn: format!("arn:aws:sns:{region}:{id}:{name}"),
            is_fifo: attributes.get("FifoTopic").is_some_and(|value| value == "true"),
            name,
            is_made: true,
            settings: RwLock::new(Settings { attributes, tags }),
            subscribers: RwLock::default(),
            fifo: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    pub(super) fn is_made(&self) -> bool {
        self.is_made
    }

    /// Whether an attribute has this value. What the template says of a topic is not all known.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let settings = self.settings();
        match (settings.attributes.get(name), name) {
            (Some(known), _) => known == value,
            (None, "FifoTopic" | "ContentBasedDeduplication") => value == "false",
            (None, _) => !self.is_made || value.is_empty(),
        }
    }

    pub(super) fn deduplicates_by_content(&self) -> bool {
        self.has("ContentBasedDeduplication", "true")
    }

    pub(super) fn attributes(&self) -> Texts {
        self.settings().attributes.clone()
    }

    pub(super) fn tags(&self) -> Texts {
        self.settings().tags.clone()
    }

    /// Takes the attributes and tags that a client has changed.
    pub(super) fn remake(&self, made: &MadeTopic) {
        let MadeTopic { attributes, tags, .. } = made.clone();
        let mut settings = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        *settings = Settings { attributes, tags };
    }

    /// Those that there are now.
    pub(super) fn subscribers(&self) -> Vec<Arc<Subscriber>> {
        self.subscribers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Vec<Arc<Subscriber>>> {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> RwLockReadGuard<'_, Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }
}
