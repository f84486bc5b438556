//! Queues as requests name them.
//!
//! `http://127.0.0.1:9000/ACCOUNT/NAME`, which is what Samovar's own URLs look like, names the
//! account but no region: that is the request's. A host such as `sqs.REGION.localhost` and a path
//! such as `/queue/REGION/ACCOUNT/NAME` name both. What is named, the request's own scope does not
//! count for.
//!
//! A queue that is not found there is looked for in the default account and region
//! ([`Queues`, scopes](Queues#scopes)). So a client with settings of its own, or with a URL noted
//! down on AWS, finds the template's queue of that name.

use samovar_queue::Queues;

use super::error::SqsError;
use super::required;

/// A queue that a request names.
pub(crate) struct Address {
    /// The queues of the account and region that the URL names, or else the request's.
    pub(crate) queues: Queues,
    pub(crate) name: String,
}

impl Address {
    /// Reads the URL of a queue, or a name alone.
    pub(crate) fn of(queues: &Queues, url: Option<String>) -> Result<Self, SqsError> {
        let url = required(url, "QueueUrl")?;
        let Parsed { region, account_id, name } =
            parse(&url).ok_or_else(|| SqsError::invalid_address(&url))?;
        Ok(Self { queues: queues.in_scope(account_id, region), name: name.to_owned() })
    }
}

#[derive(Debug, PartialEq)]
struct Parsed<'a> {
    region: Option<&'a str>,
    account_id: Option<&'a str>,
    name: &'a str,
}

/// The name is the last segment of the URL, or all there is.
fn parse(url: &str) -> Option<Parsed<'_>> {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map(|slash| rest.split_at(slash))?,
        None => ("", url),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.rsplit('/');
    let name = segments.next().filter(|name| !name.is_empty())?;
    let account_id = segments.next().filter(|segment| is_account(segment));
    let region = account_id.and(segments.next()).filter(|_| segments.next() == Some("queue"));
    Some(Parsed { region: region.or_else(|| region_of_host(host)), account_id, name })
}

/// The region in a host name: `sqs.REGION.…`, also behind a VPC endpoint's name, and as AWS's
/// older endpoints have it, `REGION.queue.…`.
///
/// <https://docs.aws.amazon.com/general/latest/gr/sqs-service.html>
pub(crate) fn region_of_host(host: &str) -> Option<&str> {
    let host = host.split(':').next().unwrap_or_default();
    let mut before = None;
    let mut labels = host.split('.').peekable();
    while let Some(label) = labels.next() {
        match label {
            // What follows is the region if more follows than one label: `sqs.localhost`.
            "sqs" | "sqs-fips" => {
                let region = labels.next();
                return region.filter(|_| labels.peek().is_some());
            }
            "queue" => return before,
            _ => before = Some(label),
        }
    }
    None
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
        let (zero, one) = (Some("000000000000"), Some("123456789012"));
        for (url, region, account_id) in [
            ("http://127.0.0.1:9000/000000000000/orders", None, zero),
            ("http://[::1]:9000/000000000000/orders", None, zero),
            ("http://queue.localhost:9000/000000000000/orders", None, zero),
            ("http://sqs.localhost:9000/000000000000/orders", None, zero),
            ("http://eu-west-1.queue.localhost:9000/123456789012/orders", Some("eu-west-1"), one),
            ("http://sqs.us-east-1.localhost:9000/123456789012/orders", Some("us-east-1"), one),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", Some("eu-west-1"), one),
            (
                "https://sqs-fips.us-west-1.amazonaws.com/123456789012/orders?x#y",
                Some("us-west-1"),
                one,
            ),
            (
                "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/123456789012/orders",
                Some("eu-west-1"),
                one,
            ),
            ("http://localhost:9000/queue/eu-west-1/000000000000/orders", Some("eu-west-1"), zero),
            ("http://localhost:9000/other/eu-west-1/000000000000/orders", None, zero),
            ("http://sqs.a.b/queue/eu-west-1/000000000000/orders", Some("eu-west-1"), zero),
            ("http://localhost:9000/queue/orders", None, None),
            ("http://localhost:9000/orders", None, None),
            ("/000000000000/orders", None, zero),
            ("orders", None, None),
        ] {
            assert_eq!(parse(url), Some(Parsed { region, account_id, name: "orders" }), "{url}");
        }
        for url in ["", "/", "http://localhost:9000", "http://localhost:9000/", "a/b/", "://", "?a"]
        {
            assert_eq!(parse(url), None, "{url}");
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
