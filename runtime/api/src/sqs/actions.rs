//! All actions of SQS, for both protocols.

use samovar_queue::Queues;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::SqsError;
use super::{message_actions, move_actions, policy_actions, queue_actions};

/// How a protocol reads an action's input and writes its output.
pub(crate) trait Codec {
    /// The output as the protocol has it.
    type Document;

    /// Reads the input.
    fn decode<T: DeserializeOwned>(self) -> Result<T, SqsError>;

    /// Writes the output: a struct, or a unit for an action without output.
    fn encode(shape: &impl Serialize) -> Self::Document;
}

/// Does an action of SQS (botocore, `sqs/2012-11-05/service-2.json`).
pub(crate) async fn act<C: Codec>(
    queues: &Queues,
    action: &str,
    request: C,
) -> Result<C::Document, SqsError> {
    macro_rules! run {
        ($act:path) => {
            C::encode(&$act(queues, request.decode()?).await?)
        };
    }
    Ok(match action {
        "CreateQueue" => run!(queue_actions::create),
        "DeleteQueue" => run!(queue_actions::delete),
        "PurgeQueue" => run!(queue_actions::purge),
        "ListQueues" => run!(queue_actions::list),
        "ListDeadLetterSourceQueues" => run!(queue_actions::list_sources),
        "GetQueueUrl" => run!(queue_actions::url),
        "GetQueueAttributes" => run!(queue_actions::attributes),
        "SetQueueAttributes" => run!(queue_actions::set_attributes),
        "TagQueue" => run!(policy_actions::tag),
        "UntagQueue" => run!(policy_actions::untag),
        "ListQueueTags" => run!(policy_actions::tags),
        "AddPermission" => run!(policy_actions::allow),
        "RemovePermission" => run!(policy_actions::disallow),
        "SendMessage" => run!(message_actions::send),
        "SendMessageBatch" => run!(message_actions::send_batch),
        "ReceiveMessage" => run!(message_actions::receive),
        "DeleteMessage" => run!(message_actions::delete),
        "DeleteMessageBatch" => run!(message_actions::delete_batch),
        "ChangeMessageVisibility" => run!(message_actions::change),
        "ChangeMessageVisibilityBatch" => run!(message_actions::change_batch),
        "StartMessageMoveTask" => run!(move_actions::start),
        "CancelMessageMoveTask" => run!(move_actions::cancel),
        "ListMessageMoveTasks" => run!(move_actions::list),
        _ => return Err(SqsError::unknown_operation(action)),
    })
}
