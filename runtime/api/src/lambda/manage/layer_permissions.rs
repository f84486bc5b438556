//! Who may use a version of a layer: kept and shown; here there is one account.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, invalid, read};
use super::layers::{LayerRecord, LayerVersion, version_number};
use super::record::revision;
use super::{Answer, Functions, nothing, ok};
use crate::reply;

/// `AddLayerVersionPermissionRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    statement_id: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    organization_id: Option<String>,
}

impl Functions {
    pub(super) fn get_layer_policy(&self, name: &str, number: &str) -> Answer {
        let (record, number) = self.versioned_layer(name, number)?;
        let version = version(&record, number)?;
        if version.policy.is_empty() {
            return Err(no_policy());
        }
        let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": version.policy});
        let document = json!({"Policy": policy.to_string(), "RevisionId": version.policy_revision});
        Ok(ok(&document))
    }

    pub(super) async fn add_layer_permission(
        &self,
        name: &str,
        number: &str,
        query: &Query,
        body: &[u8],
    ) -> Answer {
        let input: Input = read(body)?;
        let action = input.action.clone().unwrap_or_default();
        if action != "lambda:GetLayerVersion" {
            let pattern = "Member must satisfy regular expression pattern: lambda:GetLayerVersion";
            return Err(invalid(&action, "action", pattern));
        }
        let _writing = self.0.writing.lock().await;
        let (mut record, number) = self.versioned_layer(name, number)?;
        let arn = version(&record, number)?.arn(&record);
        let version = changed(&mut record, number, query)?;
        let id = input.statement_id.clone().unwrap_or_default();
        if version.policy.iter().any(|statement| statement["Sid"] == id) {
            return Err(LambdaError::Conflict(format!(
                "The statement id ({id}) provided already exists. Please provide a new statement \
                 id, or remove the existing statement."
            )));
        }
        let statement = statement(arn, id, input);
        version.policy.push(statement.clone());
        let document =
            json!({"Statement": statement.to_string(), "RevisionId": version.policy_revision});
        self.commit_layer(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) async fn remove_layer_permission(
        &self,
        name: &str,
        number: &str,
        id: &str,
        query: &Query,
    ) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (mut record, number) = self.versioned_layer(name, number)?;
        let version = changed(&mut record, number, query)?;
        let before = version.policy.len();
        version.policy.retain(|statement| statement["Sid"] != *id);
        if version.policy.len() == before {
            let message = format!("Statement {id} is not found in resource policy.");
            return Err(LambdaError::ResourceNotFound(message));
        }
        self.commit_layer(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    fn versioned_layer(&self, name: &str, number: &str) -> Result<(LayerRecord, u64), LambdaError> {
        let name = self.layer_name(name)?;
        let number = version_number(number)?;
        let record = self.layer(&name).ok_or_else(|| missing(&self.layer_arn(&name), number))?;
        Ok((LayerRecord::clone(&record), number))
    }
}

fn version(record: &LayerRecord, number: u64) -> Result<&LayerVersion, LambdaError> {
    record.version(number).ok_or_else(|| missing(&record.arn, number))
}

/// The version whose policy is changed, with the new `RevisionId`; the request may say which one
/// it means to change.
fn changed<'r>(
    record: &'r mut LayerRecord,
    number: u64,
    query: &Query,
) -> Result<&'r mut LayerVersion, LambdaError> {
    let arn = record.arn.clone();
    let mut versions = record.versions.iter_mut();
    let version = versions.find(|version| version.version == number);
    let version = version.ok_or_else(|| missing(&arn, number))?;
    if query.get("RevisionId").is_some_and(|wanted| wanted != version.policy_revision) {
        return Err(LambdaError::PreconditionFailed);
    }
    version.policy_revision = revision();
    Ok(version)
}

fn missing(layer: &str, number: u64) -> LambdaError {
    LambdaError::ResourceNotFound(format!("Layer version {layer}:{number} does not exist."))
}

fn no_policy() -> LambdaError {
    let message = "No policy is associated with the given resource.";
    LambdaError::ResourceNotFound(message.to_owned())
}

fn statement(arn: String, id: String, input: Input) -> Value {
    let principal = input.principal.unwrap_or_default();
    let principal = match principal.as_str() {
        account if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{account}:root")})
        }
        other => json!(other),
    };
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": input.action,
        "Resource": arn,
    });
    if let Some(organization) = input.organization_id {
        statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"] = organization.into();
    }
    statement
}
