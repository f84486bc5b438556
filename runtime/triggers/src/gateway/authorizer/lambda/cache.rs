//! Answers that are kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::answer::Answer;

/// Answers that are kept of one authorizer: callers make up identities as they like.
const CAPACITY: usize = 4096;

/// The values of all identity sources, hashed: they are secrets, and may be long.
pub(super) type Key = [u8; 32];

/// The answers of one authorizer.
#[derive(Debug)]
pub(super) struct Cache {
    ttl: Duration,
    kept: Mutex<HashMap<Key, Kept>>,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    until: Instant,
}

/// The key of an identity.
pub(super) fn key(identity: &[String]) -> Key {
    let mut hash = Sha256::new();
    for value in identity {
        // With its length before it no value can pass for two.
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    hash.finalize().into()
}

impl Cache {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, kept: Mutex::default() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Answer>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key).filter(|kept| kept.until > Instant::now())?;
        Some(found.answer.clone())
    }

    pub(super) fn put(&self, key: Key, answer: Arc<Answer>) {
        if self.ttl.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CAPACITY {
            kept.retain(|_, kept| kept.until > now);
        }
        if kept.len() >= CAPACITY {
            // All of them are good: to ask again is never wrong.
            kept.clear();
        }
        kept.insert(key, Kept { answer, until: now + self.ttl });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::endpoint::Front;

    fn answer() -> Arc<Answer> {
        let read = Answer::read(br#"{"isAuthorized": true}"#, true, Front::HttpApi);
        Arc::new(read.expect("an answer"))
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_kept_for_their_time() {
        let cache = Cache::new(Duration::from_secs(60));
        let ann = key(&["ann".into()]);
        cache.put(ann, answer());
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(cache.get(&ann).is_some());
        assert!(cache.get(&key(&["bob".into()])).is_none());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(cache.get(&ann).is_none());
        let none = Cache::new(Duration::ZERO);
        none.put(ann, answer());
        assert!(none.get(&ann).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_identities_do_not_fill_the_memory() {
        let cache = Cache::new(Duration::from_secs(60));
        for number in 0..3 * CAPACITY {
            cache.put(key(&[number.to_string()]), answer());
        }
        assert!(cache.kept.lock().expect("no panic").len() <= CAPACITY);
    }

    #[test]
    fn values_do_not_run_into_one_another() {
        assert_ne!(key(&["ab".into(), "c".into()]), key(&["a".into(), "bc".into()]));
    }
}
