//! Gets the documents of an issuer.

use std::time::Duration;

use thiserror::Error;

/// How long an issuer may take for each of its documents (API Gateway guide, "Quotas for
/// configuring and running an HTTP API").
const TIME: Duration = Duration::from_millis(1500);

/// The longest document in bytes (the same page: "Response size from JSON Web Key Set endpoint").
const LIMIT: u64 = 150_000;

/// Why a document could not be had.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("{url}: {error}")]
    Http { url: String, error: Box<ureq::Error> },
    #[error("{url}: no answer")]
    Ended { url: String },
}

/// The bytes at a URL.
///
/// # Errors
/// There is no good answer, not in time, or it is too long.
pub(super) async fn fetch(url: &str) -> Result<Vec<u8>, FetchError> {
    let wanted = url.to_owned();
    // The library blocks; its own limit of time ends it.
    let got = tokio::task::spawn_blocking(move || get(&wanted)).await;
    let url = || url.to_owned();
    let got = got.map_err(|_| FetchError::Ended { url: url() })?;
    got.map_err(|error| FetchError::Http { url: url(), error: Box::new(error) })
}

fn get(url: &str) -> Result<Vec<u8>, ureq::Error> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIME))
        .max_redirects(3)
        .user_agent(concat!("samovar/", env!("CARGO_PKG_VERSION")));
    let agent = ureq::Agent::new_with_config(config.build());
    let mut response = agent.get(url).header("accept", "application/json").call()?;
    response.body_mut().with_config().limit(LIMIT).read_to_vec()
}
