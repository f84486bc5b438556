//! Queues as requests name them.
//!
//! One account and one region are served, whatever a client was set up for: a URL's host (also
//! `sqs.us-east-1.localhost` or `queue.localhost`), account and region are not compared, nor is
//! the region of the credential scope. So a client with settings of its own, or with a URL noted
//! down on AWS, finds the queue of that name.

use super::error::SqsError;
use super::required;

/// The queue's name: the last segment of its URL, or the name itself.
pub(crate) fn queue_name(url: Option<String>) -> Result<String, SqsError> {
    let url = required(url, "QueueUrl")?;
    let (rest, has_host) = match url.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (url.as_str(), false),
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => Ok(name.to_owned()),
        None if !has_host && !path.is_empty() => Ok(path.to_owned()),
        _ => Err(SqsError::invalid_address(&url)),
    }
}

/// Whether a request's path is that of a queue: `/ACCOUNT/NAME`, or `/queue/REGION/ACCOUNT/NAME`
/// as others' URLs have it.
pub(crate) fn is_queue_path(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        ["", account, name] | ["", "queue", _, account, name] => {
            is_account(account) && !name.is_empty()
        }
        _ => false,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_many_addresses() {
        for url in [
            "http://127.0.0.1:9000/000000000000/orders",
            "http://queue.localhost:9000/000000000000/orders",
            "http://sqs.us-east-1.localhost:9000/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "http://localhost:9000/queue/us-east-1/000000000000/orders",
            "/000000000000/orders",
            "orders",
        ] {
            assert_eq!(queue_name(Some(url.into())).ok().as_deref(), Some("orders"), "{url}");
        }
        for url in ["", "/", "http://localhost:9000", "http://localhost:9000/", "a/b/"] {
            assert!(queue_name(Some(url.into())).is_err(), "{url}");
        }
    }

    #[test]
    fn a_path_is_a_queue_if_it_begins_with_an_account() {
        for path in ["/000000000000/orders", "/queue/us-east-1/123456789012/orders.fifo"] {
            assert!(is_queue_path(path), "{path}");
        }
        for path in ["/", "/orders", "/000000000000/", "/nowhere/orders", "/000000000000/a/b"] {
            assert!(!is_queue_path(path), "{path}");
        }
    }
}
