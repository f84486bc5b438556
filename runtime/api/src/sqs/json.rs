//! AWS JSON 1.0: the action in `X-Amz-Target`, documents in the bodies.
//!
//! Smithy, "AWS JSON 1.0 protocol"; `x-amzn-query-error` by its trait `awsQueryCompatible`.

use http::{Response, header};
use samovar_dispatch::Body;
use samovar_http::full;
use samovar_queue::Queues;
use serde_json::json;

use super::error::SqsError;
use super::{message_actions, queue_actions};
use crate::reply;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// SQS's other actions (botocore, `sqs/2012-11-05/service-2.json`).
const NOT_EMULATED: [&str; 9] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "RemovePermission",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// Does what `AmazonSQS.ACTION` asks for. The result is the output's document, empty for an
/// action without output.
pub(crate) async fn act(
    queues: &Queues,
    target: &str,
    document: &[u8],
) -> Result<Vec<u8>, SqsError> {
    let action =
        target.strip_prefix("AmazonSQS.").ok_or_else(|| SqsError::unknown_operation(target))?;
    match action {
        "CreateQueue" => queue_actions::create(queues, document).await,
        "DeleteQueue" => queue_actions::delete(queues, document).await,
        "PurgeQueue" => queue_actions::purge(queues, document).await,
        "ListQueues" => queue_actions::list(queues, document).await,
        "GetQueueUrl" => queue_actions::url(queues, document).await,
        "GetQueueAttributes" => queue_actions::attributes(queues, document).await,
        "SetQueueAttributes" => queue_actions::set_attributes(queues, document).await,
        "SendMessage" => message_actions::send(queues, document).await,
        "SendMessageBatch" => message_actions::send_batch(queues, document).await,
        "ReceiveMessage" => message_actions::receive(queues, document).await,
        "DeleteMessage" => message_actions::delete(queues, document).await,
        "DeleteMessageBatch" => message_actions::delete_batch(queues, document).await,
        "ChangeMessageVisibility" => message_actions::change(queues, document).await,
        "ChangeMessageVisibilityBatch" => message_actions::change_batch(queues, document).await,
        other if NOT_EMULATED.contains(&other) => Err(SqsError::not_emulated(other)),
        _ => Err(SqsError::unknown_operation(target)),
    }
}

/// The response to an action.
pub(crate) fn response(result: Result<Vec<u8>, SqsError>) -> Response<Body> {
    let mut response = match result {
        Ok(document) => Response::new(full(document)),
        Err(error) => {
            let mut response = reply::json(
                error.status,
                &json!({"__type": error.shape, "message": error.message}),
            );
            let fault = if error.sender_fault { "Sender" } else { "Receiver" };
            let query_error = format!("{};{fault}", error.query_code);
            reply::set(&mut response, QUERY_ERROR, &query_error);
            response
        }
    };
    reply::set(&mut response, header::CONTENT_TYPE, CONTENT_TYPE);
    response
}

const QUERY_ERROR: http::HeaderName = http::HeaderName::from_static("x-amzn-query-error");
