//! Samovar's own pages on queues, for people's tools: what the SQS API has no action for.
//!
//! - `GET /_samovar/queues`: all queues with their numbers, of all accounts and regions, those of
//!   the default ones first;
//! - `GET /_samovar/queues/NAME/messages?max=10`: messages of a queue in the default account and
//!   region, which stay as they are.
//!
//! Times are milliseconds since 1970. Errors are `{"message": ...}`.

use http::{Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use samovar_dispatch::Body;
use samovar_queue::{ErrorKind, QueueError, QueueView, Queues, SeenMessage};
use serde::Serialize;
use serde_json::json;

use crate::reply;
use crate::sqs::ReceivedShape;

const PATH: &str = "/_samovar/queues";

/// How many messages are shown unless `max` says otherwise.
const DEFAULT_MAX: usize = 10;

#[derive(Serialize)]
struct QueuesPage {
    queues: Vec<QueueShape>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueShape {
    url: String,
    arn: String,
    name: String,
    /// The twelve digits of the account, and the region: of a queue that is not in the default
    /// ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    visible: usize,
    in_flight: usize,
    delayed: usize,
    /// `null` on an empty queue.
    oldest_sent_at: Option<u64>,
    /// The ARN of the dead-letter queue, or `null`.
    dead_letter_target: Option<String>,
    arrived: u64,
    departed: u64,
}

impl From<QueueView> for QueueShape {
    fn from(view: QueueView) -> Self {
        let is_other = !view.in_default_scope;
        Self {
            url: view.url,
            arn: view.arn,
            name: view.name,
            account: is_other.then_some(view.account_id),
            region: is_other.then_some(view.region),
            visible: view.visible,
            in_flight: view.in_flight,
            delayed: view.delayed,
            oldest_sent_at: view.oldest_sent_at,
            dead_letter_target: view.dead_letter_target,
            arrived: view.arrived,
            departed: view.departed,
        }
    }
}

#[derive(Serialize)]
struct MessagesPage {
    messages: Vec<SeenShape>,
}

/// A message as `ReceiveMessage` would give it (with an empty `ReceiptHandle`), and how it stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeenShape {
    /// `visible`, `in-flight` or `delayed`.
    state: &'static str,
    visible_at: u64,
    message: ReceivedShape,
}

impl From<SeenMessage> for SeenShape {
    fn from(seen: SeenMessage) -> Self {
        Self {
            state: seen.state.as_str(),
            visible_at: seen.visible_at,
            message: seen.message.into(),
        }
    }
}

/// Whether a path is one of these pages.
pub(crate) fn is_meant(path: &str) -> bool {
    path == PATH || messages_of(path).is_some()
}

/// Answers a `GET`.
pub(crate) async fn handle(queues: &Queues, uri: &Uri) -> Response<Body> {
    let page = match messages_of(uri.path()) {
        None => all(queues).await,
        Some(name) => messages(queues, name, uri.query()).await,
    };
    page.unwrap_or_else(|error| {
        let status = match error.kind() {
            ErrorKind::QueueDoesNotExist => StatusCode::NOT_FOUND,
            ErrorKind::InternalFailure => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        reply::json(status, &json!({"message": error.message()}))
    })
}

async fn all(queues: &Queues) -> Result<Response<Body>, QueueError> {
    let views = queues.view_queues().await?.into_iter();
    let page = QueuesPage { queues: views.map(QueueShape::from).collect() };
    Ok(reply::json(StatusCode::OK, &page))
}

async fn messages(
    queues: &Queues,
    name: &str,
    query: Option<&str>,
) -> Result<Response<Body>, QueueError> {
    let name = percent_decode_str(name).decode_utf8_lossy();
    let max = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("max="));
    // What is no number is out of bounds.
    let max = max.map_or(DEFAULT_MAX, |max| max.parse().unwrap_or(0));
    let messages = queues.peek(&name, max).await?.into_iter().map(SeenShape::from).collect();
    Ok(reply::json(StatusCode::OK, &MessagesPage { messages }))
}

/// The queue's name in the path of its messages, as it stands there.
fn messages_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix(PATH)?.strip_prefix('/')?.strip_suffix("/messages")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}
