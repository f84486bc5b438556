//! What becomes of a function's asynchronous invocations.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, read, within};
use super::record::{EventInvoke, Record};
use super::{Answer, Functions, nothing, ok};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventInvokeInput {
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u32>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_success: Option<To>,
    on_failure: Option<To>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct To {
    destination: Option<String>,
}

impl Functions {
    pub(super) fn get_event_invoke(&self, name: &str) -> Answer {
        let (record, _) = self.find(name)?;
        let config = record.event_invoke.as_ref().ok_or_else(|| no_event_invoke(&record))?;
        Ok(ok(&event_invoke_document(&record, config)))
    }

    /// At most one: versions and aliases have none of their own here.
    pub(super) fn list_event_invoke(&self, name: &str, query: &Query) -> Answer {
        let (record, _) = self.find(name)?;
        let configs = record.event_invoke.iter();
        let documents = configs.map(|config| event_invoke_document(&record, config)).collect();
        Ok(ok(&query.page("FunctionEventInvokeConfigs", documents, 50)?))
    }

    /// `PutFunctionEventInvokeConfig`, which replaces all, and `UpdateFunctionEventInvokeConfig`.
    pub(super) async fn set_event_invoke(&self, name: &str, body: &[u8], replace: bool) -> Answer {
        let input: EventInvokeInput = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut config = match record.event_invoke.clone().filter(|_| !replace) {
            Some(config) => config,
            None if replace => EventInvoke::default(),
            None => return Err(no_event_invoke(&record)),
        };
        let age = input.maximum_event_age_in_seconds;
        let age = within(age, "maximumEventAgeInSeconds", 60..=21_600)?;
        let retries = within(input.maximum_retry_attempts, "maximumRetryAttempts", 0..=2)?;
        if replace && age.is_none() && retries.is_none() && input.destination_config.is_none() {
            let message = "You must specify at least one of error handling or destination setting.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        config.maximum_age = age.or(config.maximum_age);
        config.maximum_retries = retries.or(config.maximum_retries);
        if let Some(to) = input.destination_config {
            let arn = |to: Option<To>| to?.destination.filter(|arn| !arn.is_empty());
            config.on_success = arn(to.on_success);
            config.on_failure = arn(to.on_failure);
        }
        config.modified = self.epoch();
        let document = event_invoke_document(&record, &config);
        let record = Record { event_invoke: Some(config), ..Record::clone(&record) };
        self.serve(&record, &record.latest).await?;
        self.commit(record).await?;
        Ok(ok(&document))
    }

    pub(super) async fn delete_event_invoke(&self, name: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        if record.event_invoke.is_none() {
            return Err(no_event_invoke(&record));
        }
        let record = Record { event_invoke: None, ..Record::clone(&record) };
        self.serve(&record, &record.latest).await?;
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }
}

fn event_invoke_document(record: &Record, config: &EventInvoke) -> Value {
    let mut document = json!({
        "LastModified": config.modified,
        "FunctionArn": format!("{}:$LATEST", record.latest.function_arn),
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    });
    for (name, arn) in [("OnSuccess", &config.on_success), ("OnFailure", &config.on_failure)] {
        if let Some(arn) = arn {
            document["DestinationConfig"][name]["Destination"] = arn.clone().into();
        }
    }
    if let Some(retries) = config.maximum_retries {
        document["MaximumRetryAttempts"] = retries.into();
    }
    if let Some(age) = config.maximum_age {
        document["MaximumEventAgeInSeconds"] = age.into();
    }
    document
}

fn no_event_invoke(record: &Record) -> LambdaError {
    LambdaError::ResourceNotFound(format!(
        "The function {}:$LATEST doesn't have an EventInvokeConfig",
        record.latest.function_arn
    ))
}
