//! Actions on message move tasks.

use samovar_queue::{MessageMoveTask, Queues, StartMessageMoveTask};
use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::required;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Start {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Started {
    task_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Cancel {
    task_handle: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Cancelled {
    approximate_number_of_messages_moved: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct List {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tasks {
    results: Vec<TaskShape>,
}

/// `ListMessageMoveTasksResultEntry`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TaskShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<i64>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// Milliseconds since 1970.
    started_timestamp: u64,
}

impl From<MessageMoveTask> for TaskShape {
    fn from(task: MessageMoveTask) -> Self {
        Self {
            task_handle: task.task_handle,
            status: task.status.as_str(),
            source_arn: task.source_arn,
            destination_arn: task.destination_arn,
            max_number_of_messages_per_second: task.max_number_of_messages_per_second,
            approximate_number_of_messages_moved: task.approximate_number_of_messages_moved,
            approximate_number_of_messages_to_move: task.approximate_number_of_messages_to_move,
            failure_reason: task.failure_reason,
            started_timestamp: task.started_timestamp,
        }
    }
}

pub(crate) async fn start(queues: &Queues, input: Start) -> Result<Started, SqsError> {
    let task = StartMessageMoveTask {
        source_arn: required(input.source_arn, "SourceArn")?,
        destination_arn: input.destination_arn,
        max_number_of_messages_per_second: input.max_number_of_messages_per_second,
    };
    Ok(Started { task_handle: queues.start_message_move_task(task).await? })
}

pub(crate) async fn cancel(queues: &Queues, input: Cancel) -> Result<Cancelled, SqsError> {
    let handle = required(input.task_handle, "TaskHandle")?;
    let moved = queues.cancel_message_move_task(&handle).await?;
    Ok(Cancelled { approximate_number_of_messages_moved: moved })
}

pub(crate) async fn list(queues: &Queues, input: List) -> Result<Tasks, SqsError> {
    let source_arn = required(input.source_arn, "SourceArn")?;
    let tasks = queues.list_message_move_tasks(&source_arn, input.max_results).await?;
    Ok(Tasks { results: tasks.into_iter().map(TaskShape::from).collect() })
}
