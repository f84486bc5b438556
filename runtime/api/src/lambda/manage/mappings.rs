//! Event source mappings from queues.

use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;
use samovar_app::QueueTrigger;
use samovar_triggers::{Mapping, Mappings};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, read, within};
use super::record::{MappingConfig, Record, span};
use super::{Answer, Functions, no_resource, ok};
use crate::reply;

/// `CreateEventSourceMappingRequest`, and `UpdateEventSourceMappingRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    event_source_arn: Option<String>,
    function_name: Option<String>,
    enabled: Option<bool>,
    batch_size: Option<u32>,
    filter_criteria: Option<FilterCriteria>,
    maximum_batching_window_in_seconds: Option<u32>,
    function_response_types: Option<Vec<String>>,
    scaling_config: Option<ScalingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    filters: Option<Vec<Filter>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<u32>,
}

impl Functions {
    pub(super) fn list_mappings(&self, query: &Query) -> Answer {
        let function = match query.get("FunctionName") {
            Some(name) => Some(self.find(name)?.0.name().to_owned()),
            None => None,
        };
        let source = query.get("EventSourceArn");
        let mappings = self.parts().mappings.all().into_iter().filter(|mapping| {
            function.as_ref().is_none_or(|name| *name == mapping.function.name)
                && source.is_none_or(|arn| arn == mapping.trigger.arn)
        });
        let documents = mappings.map(|mapping| document(&mapping, None)).collect();
        Ok(ok(&query.page("EventSourceMappings", documents, 100)?))
    }

    pub(super) fn get_mapping(&self, id: &str) -> Answer {
        let mapping = self.parts().mappings.get(id).ok_or_else(no_resource)?;
        Ok(ok(&document(&mapping, None)))
    }

    pub(super) async fn create_mapping(&self, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(input.function_name.as_deref().unwrap_or_default())?;
        let arn = input.event_source_arn.clone().unwrap_or_default();
        let id = Mappings::id(&arn, &record.latest.function_arn);
        if self.parts().mappings.get(&id).is_some() {
            return Err(LambdaError::Conflict(format!(
                "The event source arn (\" {arn} \") and function (\" {} \") provided mapping \
                 already exists. Please update or delete the existing mapping with UUID {id}",
                record.name()
            )));
        }
        self.check_queue(&arn).await?;
        let mut config = MappingConfig {
            id,
            arn,
            enabled: true,
            batch_size: 10,
            batch_window: 0,
            report_batch_item_failures: false,
            maximum_concurrency: None,
            filters: Vec::new(),
        };
        apply(&mut config, input)?;
        let mapping = self.put_mapping(&record, config).await?;
        Ok(reply::json(StatusCode::ACCEPTED, &document(&mapping, Some("Creating"))))
    }

    pub(super) async fn update_mapping(&self, id: &str, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let mapping = self.parts().mappings.get(id).ok_or_else(no_resource)?;
        let (record, _) = self.find(&mapping.function.name)?;
        if let Some(other) = &input.function_name
            && self.find(other)?.0.name() != record.name()
        {
            let message = "Samovar does not move a mapping to another function: make a new one.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        let mut config = config_of(&mapping.id, &mapping.trigger);
        apply(&mut config, input)?;
        let state = if config.enabled { "Updating" } else { "Disabling" };
        let mapping = self.put_mapping(&record, config).await?;
        Ok(reply::json(StatusCode::ACCEPTED, &document(&mapping, Some(state))))
    }

    pub(super) async fn delete_mapping(&self, id: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let mapping = self.parts().mappings.get(id).ok_or_else(no_resource)?;
        let (record, _) = self.find(&mapping.function.name)?;
        let mut record = Record::clone(&record);
        record.mappings.retain(|mapping| mapping.id != id);
        self.commit(record).await?;
        self.parts().mappings.remove(id);
        Ok(reply::json(StatusCode::ACCEPTED, &document(&mapping, Some("Deleting"))))
    }

    async fn put_mapping(
        &self,
        record: &Record,
        config: MappingConfig,
    ) -> Result<Mapping, LambdaError> {
        let mut record = record.clone();
        record.mappings.retain(|mapping| mapping.id != config.id);
        record.mappings.push(config.clone());
        self.commit(record.clone()).await?;
        Ok(self.start_mapping(&record, &config))
    }

    /// Has a mapping run, in place of the one with its id.
    pub(super) fn start_mapping(&self, record: &Record, config: &MappingConfig) -> Mapping {
        let trigger = QueueTrigger {
            name: config.id.clone(),
            arn: config.arn.clone(),
            queue: config.arn.rsplit(':').next().map(str::to_owned),
            batch_size: config.batch_size,
            batch_window: Duration::from_secs(config.batch_window.into()),
            report_batch_item_failures: config.report_batch_item_failures,
            maximum_concurrency: config.maximum_concurrency,
            filters: config.filters.iter().map(|text| pattern(text).unwrap_or_default()).collect(),
            enabled: config.enabled,
            span: span(),
        };
        let function = record.function(&record.latest);
        self.parts().mappings.insert(config.id.clone(), trigger, function)
    }

    /// A queue that is not there is refused with SQS's own error.
    async fn check_queue(&self, arn: &str) -> Result<(), LambdaError> {
        let queues = self.parts().mappings.queues();
        let name = arn.rsplit(':').next().unwrap_or_default();
        if !arn.starts_with("arn:aws:sqs:") || queues.arn(name) != arn {
            return Err(LambdaError::InvalidParameter(format!(
                "Samovar has event source mappings from queues of its own account and region \
                 only, not from '{arn}'."
            )));
        }
        queues.get_queue_url(name).await.map_err(|_| {
            LambdaError::InvalidParameter(
                "Error occurred while ReceiveMessage. SQS Error Code: \
                 AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue \
                 does not exist."
                    .to_owned(),
            )
        })?;
        Ok(())
    }
}

/// Puts what a request says into a mapping (Lambda guide, "Creating and configuring an Amazon SQS
/// event source mapping").
fn apply(config: &mut MappingConfig, input: Input) -> Result<(), LambdaError> {
    let fifo = config.arn.ends_with(".fifo");
    config.enabled = input.enabled.unwrap_or(config.enabled);
    let most = if fifo { 10 } else { 10_000 };
    if let Some(size) = within(input.batch_size, "batchSize", 1..=most)? {
        config.batch_size = size;
    }
    let window = input.maximum_batching_window_in_seconds;
    if let Some(window) = within(window, "maximumBatchingWindowInSeconds", 0..=300)? {
        config.batch_window = window;
    }
    if fifo && config.batch_window > 0 {
        let message = "Batching window is not supported for FIFO queues.";
        return Err(LambdaError::InvalidParameter(message.to_owned()));
    }
    if config.batch_size > 10 && config.batch_window == 0 {
        return Err(LambdaError::InvalidParameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is \
             greater than 10"
                .to_owned(),
        ));
    }
    if let Some(types) = input.function_response_types {
        config.report_batch_item_failures = types.iter().any(|it| it == "ReportBatchItemFailures");
    }
    if let Some(scaling) = input.scaling_config {
        let wanted = scaling.maximum_concurrency;
        config.maximum_concurrency = within(wanted, "scalingConfig.maximumConcurrency", 2..=1000)?;
    }
    if let Some(criteria) = input.filter_criteria {
        let filters = criteria.filters.unwrap_or_default();
        let filters = filters.into_iter().filter_map(|filter| filter.pattern).collect::<Vec<_>>();
        if filters.len() > 10 || filters.iter().any(|text| pattern(text).is_none()) {
            let message = "Invalid filter pattern definition.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        config.filters = filters;
    }
    Ok(())
}

/// A filter's pattern: a JSON object.
fn pattern(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

pub(super) fn config_of(id: &str, trigger: &QueueTrigger) -> MappingConfig {
    MappingConfig {
        id: id.to_owned(),
        arn: trigger.arn.clone(),
        enabled: trigger.enabled,
        batch_size: trigger.batch_size,
        batch_window: u32::try_from(trigger.batch_window.as_secs()).unwrap_or_default(),
        report_batch_item_failures: trigger.report_batch_item_failures,
        maximum_concurrency: trigger.maximum_concurrency,
        filters: trigger.filters.iter().map(Value::to_string).collect(),
    }
}

/// `EventSourceMappingConfiguration`; `passing` is the state on the way to the one that it has.
fn document(mapping: &Mapping, passing: Option<&str>) -> Value {
    let config = config_of(&mapping.id, &mapping.trigger);
    let lasting = if config.enabled { "Enabled" } else { "Disabled" };
    let modified = mapping.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let arn = &mapping.function.arn;
    let place = arn.split(":function:").next().unwrap_or_default();
    let types: &[&str] =
        if config.report_batch_item_failures { &["ReportBatchItemFailures"] } else { &[] };
    let mut document = json!({
        "UUID": mapping.id,
        "EventSourceMappingArn": format!("{place}:event-source-mapping:{}", mapping.id),
        "EventSourceArn": config.arn,
        "FunctionArn": arn,
        "BatchSize": config.batch_size,
        "MaximumBatchingWindowInSeconds": config.batch_window,
        "LastModified": modified.as_secs_f64(),
        "State": passing.unwrap_or(lasting),
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": types,
    });
    if let Some(concurrency) = config.maximum_concurrency {
        document["ScalingConfig"] = json!({"MaximumConcurrency": concurrency});
    }
    if !config.filters.is_empty() {
        let filters = config.filters.iter().map(|pattern| json!({"Pattern": pattern}));
        document["FilterCriteria"] = json!({"Filters": filters.collect::<Vec<_>>()});
    }
    document
}
