//! What hangs on a function: concurrency, permissions, tags; and the account's limits.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use samovar_dispatch::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, read, within};
use super::record::Record;
use super::{Answer, Functions, no_resource, nothing, ok};
use crate::reply;

/// Lambda's default quota of concurrent executions, and what must stay unreserved of it (Lambda
/// guide, "Quotas" and "Configuring reserved concurrency").
const CONCURRENCY: u32 = 1000;
const UNRESERVED: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Concurrency {
    reserved_concurrent_executions: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Permission {
    statement_id: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    source_arn: Option<String>,
    source_account: Option<String>,
    function_url_auth_type: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tags {
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Functions {
    pub(super) fn get_concurrency(&self, name: &str) -> Answer {
        let (record, _) = self.find(name)?;
        Ok(ok(&match record.concurrency {
            Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
            None => json!({}),
        }))
    }

    pub(super) async fn put_concurrency(&self, name: &str, body: &[u8]) -> Answer {
        let input: Concurrency = read(body)?;
        let wanted = input.reserved_concurrent_executions;
        let reserved = within(wanted, "reservedConcurrentExecutions", 0..=u32::MAX)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let others = self.records();
        let others = others.values().filter(|other| other.name() != record.name());
        let others: u32 = others.filter_map(|other| other.concurrency).sum();
        let left = CONCURRENCY.saturating_sub(others.saturating_add(reserved.unwrap_or_default()));
        if left < UNRESERVED {
            return Err(LambdaError::InvalidParameter(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
            )));
        }
        self.set_concurrency(&record, reserved).await?;
        Ok(ok(&json!({"ReservedConcurrentExecutions": reserved})))
    }

    pub(super) async fn delete_concurrency(&self, name: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        self.set_concurrency(&record, None).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    async fn set_concurrency(
        &self,
        record: &Record,
        concurrency: Option<u32>,
    ) -> Result<(), LambdaError> {
        let record = Record { concurrency, ..record.clone() };
        self.serve(&record, &record.latest).await?;
        self.commit(record).await
    }

    pub(super) fn get_policy(&self, name: &str) -> Answer {
        let (record, _) = self.find(name)?;
        if record.policy.is_empty() {
            return Err(no_resource());
        }
        let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": record.policy});
        let document =
            json!({"Policy": policy.to_string(), "RevisionId": record.latest.revision_id});
        Ok(ok(&document))
    }

    /// Kept and shown; Samovar lets every caller call every function.
    pub(super) async fn add_permission(&self, name: &str, body: &[u8]) -> Answer {
        let input: Permission = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let id = input.statement_id.clone().unwrap_or_default();
        if record.policy.iter().any(|statement| statement["Sid"] == id) {
            return Err(LambdaError::Conflict(format!(
                "The statement id ({id}) provided already exists. Please provide a new statement \
                 id, or remove the existing statement."
            )));
        }
        let statement = statement(&record, id, input);
        let mut record = Record::clone(&record);
        record.policy.push(statement.clone());
        self.commit(record).await?;
        Ok(reply::json(StatusCode::CREATED, &json!({"Statement": statement.to_string()})))
    }

    pub(super) async fn remove_permission(&self, name: &str, id: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        if record.policy.is_empty() {
            let message = "No policy is associated with the given resource.";
            return Err(LambdaError::ResourceNotFound(message.to_owned()));
        }
        let mut record = Record::clone(&record);
        let before = record.policy.len();
        record.policy.retain(|statement| statement["Sid"] != *id);
        if record.policy.len() == before {
            let message = format!("Statement {id} is not found in resource policy.");
            return Err(LambdaError::ResourceNotFound(message));
        }
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    pub(super) fn list_tags(&self, arn: &str) -> Answer {
        let (record, _) = self.find(arn)?;
        Ok(ok(&json!({"Tags": record.tags})))
    }

    pub(super) async fn tag(&self, arn: &str, body: &[u8]) -> Answer {
        let input: Tags = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(arn)?;
        let mut record = Record::clone(&record);
        record.tags.extend(input.tags);
        if record.tags.len() > 50 {
            let message = "Number of tags exceeds resource tag limit.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    pub(super) async fn untag(&self, arn: &str, query: &Query) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(arn)?;
        let mut record = Record::clone(&record);
        for key in query.all("tagKeys") {
            record.tags.remove(key);
        }
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    /// No function has one: `Code` is not signed here.
    pub(super) fn get_code_signing(&self, name: &str) -> Answer {
        self.find(name)?;
        Ok(ok(&json!({})))
    }

    /// Lambda's default: the interpreter is the machine's own.
    pub(super) fn get_runtime_management(&self, name: &str, query: &Query) -> Answer {
        let (_, config, qualified) = self.qualified(name, query)?;
        Ok(ok(&json!({"UpdateRuntimeOn": "Auto", "FunctionArn": config.arn(qualified)})))
    }

    /// Lambda's default quotas (Lambda guide, "Quotas").
    pub(super) fn account_settings(&self) -> Response<Body> {
        let records = self.records();
        let reserved: u32 = records.values().filter_map(|record| record.concurrency).sum();
        let size: u64 = records.values().flat_map(|record| record.code()).map(|it| it.size).sum();
        ok(&json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": CONCURRENCY,
                "UnreservedConcurrentExecutions": CONCURRENCY.saturating_sub(reserved),
            },
            "AccountUsage": {"TotalCodeSize": size, "FunctionCount": records.len()},
        }))
    }
}

/// One statement of a policy, as AWS makes it of a permission.
fn statement(record: &Record, id: String, input: Permission) -> Value {
    let principal = input.principal.unwrap_or_default();
    let principal = match principal.as_str() {
        "*" => json!("*"),
        service if service.ends_with(".amazonaws.com") => json!({"Service": service}),
        account if account.chars().all(|c| c.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{account}:root")})
        }
        arn => json!({"AWS": arn}),
    };
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": input.action,
        "Resource": record.latest.function_arn,
    });
    let conditions = [
        ("ArnLike", "AWS:SourceArn", input.source_arn),
        ("StringEquals", "AWS:SourceAccount", input.source_account),
        ("StringEquals", "lambda:FunctionUrlAuthType", input.function_url_auth_type),
        ("StringEquals", "aws:PrincipalOrgID", input.principal_org_id),
    ];
    for (operator, key, value) in conditions {
        if let Some(value) = value {
            statement["Condition"][operator][key] = value.into();
        }
    }
    statement
}
