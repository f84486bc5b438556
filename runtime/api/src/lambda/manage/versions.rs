//! Versions: `$LATEST`, published.

use http::StatusCode;
use serde::Deserialize;

use super::super::error::LambdaError;
use super::functions::check_revision;
use super::input::{Query, read};
use super::record::{Config, LATEST, Record, revision, sha256};
use super::{Answer, Functions, nothing, ok};
use crate::reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publication {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

impl Functions {
    pub(super) async fn list_versions(&self, name: &str, query: &Query) -> Answer {
        let (record, _) = self.find(name)?;
        let mut documents = Vec::new();
        for config in [&record.latest].into_iter().chain(&record.versions) {
            documents.push(self.document(&record, config, (true, true)).await);
        }
        Ok(ok(&query.page("Versions", documents, 50)?))
    }

    pub(super) async fn publish_version(&self, name: &str, body: &[u8]) -> Answer {
        let input: Publication = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        if let Some(wanted) = input.code_sha256.filter(|wanted| !wanted.is_empty()) {
            let own = self.code_of(&record, &record.latest).await;
            let own = own.as_ref().map(sha256).unwrap_or_default();
            if wanted != own {
                return Err(LambdaError::InvalidParameter(format!(
                    "CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST \
                     ({own}). Please try again with the CodeSHA256 in $LATEST."
                )));
            }
        }
        let published = self.publish_latest(&mut record, input.description).await?;
        let document = self.document(&record, &published, (true, false)).await;
        self.commit(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    /// Makes `$LATEST` a version, unless it is the last one already (Lambda API reference,
    /// "PublishVersion").
    pub(super) async fn publish_latest(
        &self,
        record: &mut Record,
        description: Option<String>,
    ) -> Result<Config, LambdaError> {
        let mut config = record.latest.clone();
        config.description = description.unwrap_or(config.description);
        if let Some(last) = record.versions.last() {
            let same = Config {
                version: config.version.clone(),
                revision_id: config.revision_id.clone(),
                last_modified: config.last_modified.clone(),
                description: config.description.clone(),
                ..last.clone()
            };
            if same == config {
                return Ok(last.clone());
            }
        }
        record.published += 1;
        config.version = record.published.to_string();
        config.revision_id = revision();
        self.serve(record, &config).await?;
        record.versions.push(config.clone());
        Ok(config)
    }

    pub(super) async fn delete_version(&self, record: &Record, version: &str) -> Answer {
        if version == LATEST {
            let message = "$LATEST version cannot be deleted without deleting the function.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        if let Some((alias, _)) = record
            .aliases
            .iter()
            .find(|(_, alias)| alias.version == version || alias.weights.contains_key(version))
        {
            let arn = format!("{}:{alias}", record.latest.function_arn);
            return Err(LambdaError::Conflict(format!(
                "Version {version} cannot be deleted because the following aliases point to it: \
                 [{arn}]"
            )));
        }
        let mut record = record.clone();
        record.versions.retain(|config| config.version != version);
        self.parts().dispatcher.remove(record.name(), Some(version));
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }
}
