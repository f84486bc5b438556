//! Functions and their code.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::configuration::{Settings, apply, architecture, check_name, missing};
use super::download::Origin;
use super::host::{CodeError, Owner, StoredCode};
use super::input::{Query, read};
use super::record::{Config, LATEST, Record, revision};
use super::{Answer, Functions, nothing, ok};
use crate::reply;

/// Largest archive in a request (Lambda guide, "Quotas").
const ARCHIVE_BYTES: usize = 50 * 1024 * 1024;

/// `FunctionCode`, and `UpdateFunctionCodeRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeInput {
    pub(super) zip_file: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
}

impl Functions {
    pub(super) async fn list_functions(&self, query: &Query) -> Answer {
        let all = query.get("FunctionVersion") == Some("ALL");
        let mut documents = Vec::new();
        for record in self.records().values() {
            let versions = record.versions.iter().filter(|_| all);
            for config in [&record.latest].into_iter().chain(versions) {
                documents.push(self.document(record, config, (all, true)).await);
            }
        }
        Ok(ok(&query.page("Functions", documents, 50)?))
    }

    /// `FunctionConfiguration` of a version: see [`Config::document`].
    pub(super) async fn document(
        &self,
        record: &Record,
        config: &Config,
        (qualified, listed): (bool, bool),
    ) -> Value {
        let code = self.code_of(record, config).await;
        Config { code, ..config.clone() }.document(qualified, listed)
    }

    /// A version's archive: the one that was uploaded, or what the template's code would be
    /// packaged as. `None`: it did not build.
    pub(super) async fn code_of(&self, record: &Record, config: &Config) -> Option<StoredCode> {
        if let Some(code) = &config.code {
            return Some(code.clone());
        }
        self.parts().host.measure(record.function(config)).await.ok()
    }

    pub(super) async fn get_function(&self, name: &str, query: &Query, from: &Origin) -> Answer {
        let (record, config, qualified) = self.qualified(name, query)?;
        let location = self.code_location(from, record.name(), &config.version);
        let mut document = json!({
            "Configuration": self.document(&record, &config, (qualified, false)).await,
            "Code": {"RepositoryType": "S3", "Location": location},
        });
        if !record.tags.is_empty() {
            document["Tags"] = json!(record.tags);
        }
        if let Some(reserved) = record.concurrency {
            document["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
        }
        Ok(ok(&document))
    }

    pub(super) async fn get_configuration(&self, name: &str, query: &Query) -> Answer {
        let (record, config, qualified) = self.qualified(name, query)?;
        Ok(ok(&self.document(&record, &config, (qualified, false)).await))
    }

    /// The version that a path and query name, and whether they name one.
    pub(super) fn qualified(
        &self,
        name: &str,
        query: &Query,
    ) -> Result<(Arc<Record>, Config, bool), LambdaError> {
        let (record, own) = self.find(name)?;
        let qualifier = query.get("Qualifier").map(str::to_owned).or(own);
        let Some(config) = record.config(qualifier.as_deref()).cloned() else {
            let qualifier = qualifier.unwrap_or_default();
            let arn = format!("{}:{qualifier}", record.latest.function_arn);
            return Err(LambdaError::FunctionNotFound { arn });
        };
        Ok((record, config, qualifier.is_some()))
    }

    pub(super) async fn create_function(&self, body: &[u8]) -> Answer {
        let input: Settings = read(body)?;
        let _writing = self.0.writing.lock().await;
        let name = input.function_name.clone().unwrap_or_default();
        let name = name.rsplit_once("function:").map_or(name.as_str(), |(_, bare)| bare);
        check_name(name)?;
        if self.record(name).is_some() {
            return Err(LambdaError::Conflict(format!("Function already exist: {name}")));
        }
        if input.package_type.as_deref() == Some("Image") {
            let message = "Samovar runs no container images: give the code as a ZipFile.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        if input.role.as_deref().unwrap_or_default().is_empty() {
            return Err(missing("role"));
        }
        let zip = input.code.as_ref().ok_or_else(|| missing("code"))?;
        let account = &self.parts().account;
        let mut config = Config {
            function_name: name.to_owned(),
            function_arn: format!(
                "arn:aws:lambda:{}:{}:function:{name}",
                account.region, account.id
            ),
            runtime: String::new(),
            role: String::new(),
            handler: String::new(),
            description: String::new(),
            timeout: 3,
            memory_size: 128,
            last_modified: String::new(),
            version: LATEST.to_owned(),
            environment: BTreeMap::new(),
            architecture: "x86_64".to_owned(),
            ephemeral_storage: 512,
            dead_letter: None,
            tracing: "PassThrough".to_owned(),
            logging: json!({"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")}),
            layers: Vec::new(),
            revision_id: String::new(),
            code: None,
            build: 0,
        };
        let publish = input.publish;
        let tags = input.tags.clone();
        let archive = archive(zip)?;
        let layers = input.layers.clone().unwrap_or_default();
        self.check_layers(&layers)?;
        apply(&mut config, input)?;
        config.code = Some(self.store(Owner::Function(name.to_owned()), archive).await?);
        config.layers = self.take_layers(name, &layers).await?;
        self.touch(&mut config);
        let mut record = Record {
            latest: config,
            versions: Vec::new(),
            published: 0,
            aliases: BTreeMap::new(),
            url: None,
            concurrency: None,
            event_invoke: None,
            policy: Vec::new(),
            tags,
            mappings: Vec::new(),
            template: None,
        };
        let served = self.serve(&record, &record.latest).await;
        if let Err(error) = served {
            // Nothing of it stays; what cannot be removed is in nobody's way.
            let owner = Owner::Function(record.name().to_owned());
            let _ = self.parts().host.forget(owner).await;
            return Err(error);
        }
        let mut document = self.document(&record, &record.latest, (false, false)).await;
        if publish {
            let published = self.publish_latest(&mut record, None).await?;
            document = self.document(&record, &published, (true, false)).await;
        }
        self.commit(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) async fn update_configuration(&self, name: &str, body: &[u8]) -> Answer {
        let input: Settings = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        let layers = input.layers.clone();
        self.check_layers(layers.as_deref().unwrap_or_default())?;
        apply(&mut record.latest, input)?;
        if let Some(layers) = layers {
            record.latest.layers = self.take_layers(record.name(), &layers).await?;
        }
        self.touch(&mut record.latest);
        self.serve(&record, &record.latest).await?;
        let document = self.document(&record, &record.latest, (false, false)).await;
        self.commit(record).await?;
        Ok(ok(&document))
    }

    pub(super) async fn update_code(&self, name: &str, body: &[u8]) -> Answer {
        let input: CodeInput = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        let archive = archive(&input)?;
        if let Some(architectures) = &input.architectures {
            record.latest.architecture = architecture(architectures)?;
        }
        let code = self.store(Owner::Function(record.name().to_owned()), archive).await?;
        if input.dry_run {
            return Ok(ok(&self.document(&record, &record.latest, (false, false)).await));
        }
        record.latest.code = Some(code);
        self.touch(&mut record.latest);
        self.serve(&record, &record.latest).await?;
        let mut document = self.document(&record, &record.latest, (false, false)).await;
        if input.publish {
            let published = self.publish_latest(&mut record, None).await?;
            document = self.document(&record, &published, (true, false)).await;
        }
        self.commit(record).await?;
        Ok(ok(&document))
    }

    pub(super) async fn delete_function(&self, name: &str, query: &Query) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, own) = self.find(name)?;
        let qualifier = query.get("Qualifier").map(str::to_owned).or(own);
        let parts = self.parts();
        if let Some(version) = qualifier {
            return self.delete_version(&record, &version).await;
        }
        if record.template.is_none() {
            let owner = Owner::Function(record.name().to_owned());
            let forgotten = parts.host.forget(owner).await;
            forgotten.map_err(|_| LambdaError::Service("The function could not be removed."))?;
        }
        self.end(&record);
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    /// Ends a function with all that hangs on it: what runs ends undisturbed.
    pub(super) fn end(&self, record: &Record) {
        let parts = self.parts();
        parts.mappings.remove_function(record.name());
        let mut last = record.clone();
        last.url = None;
        parts.gateway.set_url(&last.function(&last.latest));
        parts.dispatcher.remove(record.name(), None);
        let mut records = self.0.records.write().unwrap_or_else(PoisonError::into_inner);
        records.remove(record.name());
    }

    /// Has `config` of a record served.
    pub(super) async fn serve(&self, record: &Record, config: &Config) -> Result<(), LambdaError> {
        let function = record.function(config);
        let layers = config.layer_contents();
        let served = self.parts().host.serve(function, config.code.as_ref(), &layers).await;
        served.map_err(LambdaError::InvalidParameter)
    }

    /// Puts an archive away.
    pub(super) async fn store(
        &self,
        owner: Owner,
        archive: Bytes,
    ) -> Result<StoredCode, LambdaError> {
        self.parts().host.store(owner, archive).await.map_err(|error| match error {
            CodeError::Invalid(_) => LambdaError::InvalidParameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
                    .to_owned(),
            ),
            CodeError::TooLarge(_) => LambdaError::InvalidParameter(error.to_string()),
            CodeError::Io(_) => LambdaError::Service("The code could not be written to disk."),
        })
    }

    /// Marks a configuration as changed.
    pub(super) fn touch(&self, config: &mut Config) {
        config.revision_id = revision();
        config.last_modified = self.timestamp();
    }
}

/// The archive in a request.
fn archive(input: &CodeInput) -> Result<Bytes, LambdaError> {
    zip_file(input.zip_file.as_deref())
}

/// The same, of code or of a layer.
pub(super) fn zip_file(zip_file: Option<&str>) -> Result<Bytes, LambdaError> {
    let Some(zip) = zip_file.filter(|zip| !zip.is_empty()) else {
        let message = "Samovar takes code as a ZipFile only: S3 and images are not fetched.";
        return Err(LambdaError::InvalidParameter(message.to_owned()));
    };
    let bytes = STANDARD
        .decode(zip)
        .map_err(|_| LambdaError::InvalidContent("ZipFile must be base64-encoded.".to_owned()))?;
    if bytes.len() > ARCHIVE_BYTES {
        return Err(LambdaError::RequestEntityTooLarge);
    }
    Ok(bytes.into())
}

pub(super) fn check_revision(wanted: Option<&str>, own: &str) -> Result<(), LambdaError> {
    match wanted {
        Some(wanted) if !wanted.is_empty() && wanted != own => Err(LambdaError::PreconditionFailed),
        _ => Ok(()),
    }
}
