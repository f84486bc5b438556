//! `AddPermission` and `RemovePermission`: statements of a queue's policy.
//!
//! The policy is kept and shown, and nothing is refused because of it. The answers are those that
//! LocalStack recorded from AWS (`tests/aws/services/sqs/test_sqs.snapshot.json`,
//! `test_sqs_permission_lifecycle`).

use serde_json::{Value, json};

use super::{Queues, queue::Queue, send::settled};
use crate::{Attributes, ErrorKind, QueueError, attributes::Settings};

/// The actions that a statement can allow, apart from `*`.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html>
const ACTIONS: [&str; 23] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueues",
    "ListQueueTags",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// The most actions of a statement, and statements of a policy.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html>
const MAX_ACTIONS: usize = 7;
const MAX_STATEMENTS: usize = 20;

impl Queues {
    /// `AddPermission`: adds a statement with the id `label` to the queue's policy, that allows
    /// the actions to the accounts.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter`, `InvalidParameterValue` (a label that is not valid
    /// or there already, an unknown action), `OverLimit` (more than 7 actions, 20 statements),
    /// `InternalFailure`.
    pub async fn add_permission(
        &self,
        queue: &str,
        label: &str,
        account_ids: &[String],
        actions: &[String],
    ) -> Result<(), QueueError> {
        let queue = self.queue(queue).await?;
        check(label, account_ids, actions)?;
        let arn = queue.arn();
        let principals: Vec<String> =
            account_ids.iter().map(|id| format!("arn:aws:iam::{id}:root")).collect();
        let actions: Vec<String> = actions.iter().map(|action| format!("SQS:{action}")).collect();
        let statement = json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_many(&principals) },
            "Action": one_or_many(&actions),
            "Resource": arn,
        });
        let empty = json!({
            "Version": "2008-10-17",
            "Id": format!("{arn}/SQSDefaultPolicy"),
            "Statement": [],
        });
        self.change_statements(&queue, empty, |statements| {
            if statements.iter().any(|statement| statement["Sid"] == label) {
                return Err(QueueError::invalid_parameter("Label", label, "Already exists."));
            }
            if statements.len() >= MAX_STATEMENTS {
                let text = format!("A policy can have at most {MAX_STATEMENTS} statements.");
                return Err(QueueError::new(ErrorKind::OverLimit, text));
            }
            statements.push(statement);
            Ok(())
        })
        .await
    }

    /// `RemovePermission`: removes the statement with this id from the queue's policy.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidParameterValue` (there is none), `InternalFailure`.
    pub async fn remove_permission(&self, queue: &str, label: &str) -> Result<(), QueueError> {
        let queue = self.queue(queue).await?;
        self.change_statements(&queue, json!({}), |statements| {
            let before = statements.len();
            statements.retain(|statement| statement["Sid"] != label);
            if statements.len() == before {
                return Err(QueueError::invalid_parameter("Label", label, "can't find label."));
            }
            Ok(())
        })
        .await
    }

    /// Changes the statements of the queue's policy, or of this one if it has none. Without
    /// statements there is no policy.
    async fn change_statements(
        &self,
        queue: &Queue,
        default: Value,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let _guard = self.inner.manage.lock().await;
        let settings = queue.settings();
        let policy = settings.get("Policy");
        let mut policy =
            policy.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or(default);
        let mut statements = match policy["Statement"].take() {
            Value::Array(statements) => statements,
            Value::Null => Vec::new(),
            // A policy may have one statement and no list.
            statement => vec![statement],
        };
        change(&mut statements)?;
        let json = if statements.is_empty() {
            String::new()
        } else {
            policy["Statement"] = Value::Array(statements);
            policy.to_string()
        };
        let changed =
            Settings::clone(&settings).with(&Attributes::from([("Policy".to_owned(), json)]))?;
        settled(self.inner.set(queue, changed)?).await
    }
}

fn check(label: &str, account_ids: &[String], actions: &[String]) -> Result<(), QueueError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=80).contains(&label.len()) || !label.bytes().all(allowed) {
        let reason =
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
        return Err(QueueError::invalid_parameter("Label", label, reason));
    }
    if account_ids.is_empty() {
        return Err(QueueError::missing_parameter("AWSAccountIds"));
    }
    let is_id = |id: &&String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(id) = account_ids.iter().find(|id| !is_id(id)) {
        return Err(QueueError::invalid_parameter("PrincipalId", id, "Unable to verify."));
    }
    if actions.is_empty() {
        return Err(QueueError::missing_parameter("Actions"));
    }
    if actions.len() > MAX_ACTIONS {
        let text =
            format!("{} Actions were found, maximum allowed is {MAX_ACTIONS}.", actions.len());
        return Err(QueueError::new(ErrorKind::OverLimit, text));
    }
    let known = |action: &&String| *action == "*" || ACTIONS.contains(&action.as_str());
    if let Some(action) = actions.iter().find(|action| !known(action)) {
        let reason = "Please refer to the appropriate WSDL for a list of valid actions. ";
        return Err(QueueError::invalid_parameter("ActionName", format!("SQS:{action}"), reason));
    }
    Ok(())
}

fn one_or_many(values: &[String]) -> Value {
    match values {
        [one] => json!(one),
        many => json!(many),
    }
}
