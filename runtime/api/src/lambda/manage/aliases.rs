//! Aliases: names that lead to versions.

use std::collections::BTreeMap;

use http::StatusCode;
use samovar_dispatch::Alias;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, invalid, read};
use super::record::{AliasConfig, LATEST, Record, revision};
use super::{Answer, Functions, nothing, ok};
use crate::reply;

/// `CreateAliasRequest`, and `UpdateAliasRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
    revision_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingConfig {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

impl Functions {
    pub(super) fn list_aliases(&self, name: &str, query: &Query) -> Answer {
        let (record, _) = self.find(name)?;
        let version = query.get("FunctionVersion");
        let aliases = record.aliases.iter();
        let aliases = aliases.filter(|(_, alias)| version.is_none_or(|it| it == alias.version));
        let documents = aliases.map(|(name, alias)| document(&record, name, alias)).collect();
        Ok(ok(&query.page("Aliases", documents, 50)?))
    }

    pub(super) fn get_alias(&self, name: &str, alias: &str) -> Answer {
        let (record, _) = self.find(name)?;
        let found = record.aliases.get(alias).ok_or_else(|| not_found(&record, alias))?;
        Ok(ok(&document(&record, alias, found)))
    }

    pub(super) async fn create_alias(&self, name: &str, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        let alias = input.name.clone().unwrap_or_default();
        check_name(&alias)?;
        if record.aliases.contains_key(&alias) {
            let arn = arn(&record, &alias);
            return Err(LambdaError::Conflict(format!("Alias already exists: {arn}")));
        }
        let mut config = AliasConfig {
            version: String::new(),
            description: String::new(),
            weights: BTreeMap::new(),
            revision_id: String::new(),
        };
        apply(&record, &mut config, input)?;
        let document = document(&record, &alias, &config);
        self.put_alias(&mut record, alias, config).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) async fn update_alias(&self, name: &str, alias: &str, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        let mut config =
            record.aliases.get(alias).cloned().ok_or_else(|| not_found(&record, alias))?;
        if input.revision_id.as_ref().is_some_and(|wanted| *wanted != config.revision_id) {
            return Err(LambdaError::PreconditionFailed);
        }
        apply(&record, &mut config, input)?;
        let document = document(&record, alias, &config);
        self.put_alias(&mut record, alias.to_owned(), config).await?;
        Ok(ok(&document))
    }

    /// Lambda answers 204 also where there is no such alias.
    pub(super) async fn delete_alias(&self, name: &str, alias: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        if record.aliases.remove(alias).is_some() {
            self.commit(record.clone()).await?;
            self.set_alias(&record, alias, None);
        }
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    async fn put_alias(
        &self,
        record: &mut Record,
        name: String,
        config: AliasConfig,
    ) -> Result<(), LambdaError> {
        record.aliases.insert(name.clone(), config.clone());
        self.commit(record.clone()).await?;
        self.set_alias(record, &name, Some(&config));
        Ok(())
    }

    /// Has invocations follow an alias, or not any more.
    pub(super) fn set_alias(&self, record: &Record, name: &str, alias: Option<&AliasConfig>) {
        let alias = alias.map(|alias| Alias {
            version: alias.version.clone(),
            weights: alias.weights.iter().map(|(name, part)| (name.clone(), *part)).collect(),
        });
        self.parts().dispatcher.set_alias(record.name(), name, alias);
    }
}

fn apply(record: &Record, config: &mut AliasConfig, input: Input) -> Result<(), LambdaError> {
    if let Some(version) = input.function_version {
        config.version = version;
    }
    if let Some(description) = input.description {
        config.description = description;
    }
    if let Some(routing) = input.routing_config {
        config.weights = routing.additional_version_weights.unwrap_or_default();
    }
    let is_there = |version: &str| {
        version == LATEST || record.versions.iter().any(|config| config.version == version)
    };
    for version in [&config.version].into_iter().chain(config.weights.keys()) {
        if !is_there(version) {
            return Err(LambdaError::FunctionNotFound { arn: arn(record, version) });
        }
    }
    let parts = config.weights.values();
    if config.weights.len() > 1 || parts.clone().any(|part| !(0.0..=1.0).contains(part)) {
        return Err(LambdaError::InvalidParameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1, and a weight \
             must be from 0 to 1"
                .to_owned(),
        ));
    }
    if !config.weights.is_empty() && config.version == LATEST {
        return Err(LambdaError::InvalidParameter(
            "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
        ));
    }
    config.revision_id = revision();
    Ok(())
}

/// Lambda API reference, "CreateAlias": not all digits, so that it is no version.
fn check_name(name: &str) -> Result<(), LambdaError> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let digits = name.chars().all(|c| c.is_ascii_digit());
    if (1..=128).contains(&name.len()) && name.chars().all(is_valid) && !digits {
        return Ok(());
    }
    let pattern = "Member must satisfy regular expression pattern: \
                   ((?!^[0-9]+$)([a-zA-Z0-9-_]+))";
    Err(invalid(name, "name", pattern))
}

fn document(record: &Record, name: &str, alias: &AliasConfig) -> Value {
    let mut document = json!({
        "AliasArn": arn(record, name),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    });
    if !alias.weights.is_empty() {
        document["RoutingConfig"] = json!({"AdditionalVersionWeights": alias.weights});
    }
    document
}

fn arn(record: &Record, qualifier: &str) -> String {
    format!("{}:{qualifier}", record.latest.function_arn)
}

fn not_found(record: &Record, alias: &str) -> LambdaError {
    let arn = arn(record, alias);
    LambdaError::ResourceNotFound(format!("Cannot find alias arn: {arn}"))
}
