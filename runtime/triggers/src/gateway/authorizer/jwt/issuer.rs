//! The keys of an issuer: kept for a while, and looked for again when a token names a new one.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fetch::fetch;
use super::keys::{Key, KeyError, KeySet};

/// How long keys are kept (API Gateway guide, "Control access to HTTP APIs with JWT authorizers":
/// two hours).
const LIFE: Duration = Duration::from_secs(2 * 60 * 60);

/// How soon an issuer is asked again, for a key that it did not have or because it did not answer:
/// tokens that anybody can make up must not become requests to somebody else.
const PAUSE: Duration = Duration::from_secs(10);

/// An issuer of tokens. Cheap to clone.
#[derive(Clone)]
pub(in crate::gateway::authorizer) struct Issuer(Arc<Shared>);

struct Shared {
    name: String,
    /// A file with its keys, which then come from nowhere else.
    file: Option<PathBuf>,
    known: RwLock<Known>,
    /// Held while the issuer is asked, so that it is asked once. Tokens of known keys do not wait.
    asking: Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Option<Fresh>,
    /// When and why the last attempt failed.
    failed: Option<(Instant, KeyError)>,
}

struct Fresh {
    keys: KeySet,
    since: Instant,
}

/// `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 4), as far as it is
/// needed.
#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

impl Issuer {
    /// The issuer with this URL; `file` has its keys, or it tells them itself.
    pub(in crate::gateway::authorizer) fn new(name: &str, file: Option<PathBuf>) -> Self {
        let (known, asking) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Shared { name: name.to_owned(), file, known, asking }))
    }

    /// As tokens have it in `iss`.
    pub(in crate::gateway::authorizer) fn name(&self) -> &str {
        &self.0.name
    }

    /// The key with this id.
    ///
    /// # Errors
    /// The issuer has none, or its keys cannot be had.
    pub(super) async fn key(&self, key_id: &str) -> Result<Key, KeyError> {
        if let Some(found) = self.0.find(key_id) {
            return found;
        }
        let _asking = self.0.asking.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(found) = self.0.find(key_id) {
            return found;
        }
        let asked = self.0.ask().await;
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        match asked {
            Ok(keys) => *known = Known { keys: Some(Fresh::new(keys)), failed: None },
            Err(error) => known.failed = Some((Instant::now(), error)),
        }
        known.find(key_id).unwrap_or(Err(KeyError::Unknown))
    }
}

impl Fresh {
    fn new(keys: KeySet) -> Self {
        Self { keys, since: Instant::now() }
    }
}

impl Known {
    /// What is known of a key; `None`: the issuer should be asked.
    fn find(&self, key_id: &str) -> Option<Result<Key, KeyError>> {
        let key = self.keys.as_ref().and_then(|fresh| fresh.keys.get(key_id)).cloned();
        let age = self.keys.as_ref().map(|fresh| fresh.since.elapsed());
        match (key, age) {
            (Some(key), Some(age)) if age < LIFE => Some(Ok(key)),
            (None, Some(age)) if age < PAUSE => Some(Err(KeyError::Unknown)),
            (key, _) => {
                let (_, error) = self.failed.as_ref().filter(|(at, _)| at.elapsed() < PAUSE)?;
                // Keys that are known stay good while the issuer cannot be asked.
                Some(key.ok_or_else(|| error.clone()))
            }
        }
    }
}

impl Shared {
    fn find(&self, key_id: &str) -> Option<Result<Key, KeyError>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).find(key_id)
    }

    async fn ask(&self) -> Result<KeySet, KeyError> {
        let unavailable = |short| move |long: String| KeyError::Unavailable(short, long);
        const DISCOVERY: &str = "OIDC discovery endpoint communication error";
        const KEYS: &str = "JWKS communication error";
        let parsed = |json: &[u8], from: &str| {
            let keys = KeySet::parse(json).map_err(|error| format!("{from}: {error}"));
            keys.map_err(unavailable(KEYS))
        };
        if let Some(file) = &self.file {
            let shown = file.display().to_string();
            let read = tokio::task::spawn_blocking({
                let file = file.clone();
                move || std::fs::read(file)
            });
            let read = read.await.map_err(|error| unavailable(KEYS)(error.to_string()))?;
            let json = read.map_err(|error| unavailable(KEYS)(format!("{shown}: {error}")))?;
            return parsed(&json, &shown);
        }
        let url = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let json = fetch(&url).await.map_err(|error| unavailable(DISCOVERY)(error.to_string()))?;
        let discovery: Discovery = serde_json::from_slice(&json)
            .map_err(|error| unavailable(DISCOVERY)(format!("{url}: {error}")))?;
        let url = discovery.jwks_uri;
        let json = fetch(&url).await.map_err(|error| unavailable(KEYS)(error.to_string()))?;
        parsed(&json, &url)
    }
}
