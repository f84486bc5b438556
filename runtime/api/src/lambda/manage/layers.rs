//! Layers: archives that functions find below `/opt`.
//!
//! Lambda API reference, "PublishLayerVersion" and its companions; answers and errors as recorded
//! from AWS in LocalStack's `test_lambda_api.snapshot.json` (`TestLambdaLayer`).

use http::StatusCode;
use samovar_app::Layer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::download::Origin;
use super::functions::zip_file;
use super::host::{LayerContent, Owner};
use super::input::{Query, invalid, read};
use super::record::{LayerUse, sha256};
use super::{Answer, Functions, no_resource, nothing, ok};
use crate::reply;

/// How many layers a function may have (Lambda guide, "Quotas").
const MAX_LAYERS: usize = 5;

/// How many runtimes and architectures a version may name (API reference, "PublishLayerVersion").
const MAX_RUNTIMES: usize = 15;
const MAX_ARCHITECTURES: usize = 2;

/// A layer with its versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LayerRecord {
    pub(super) name: String,
    pub(super) arn: String,
    /// How many versions were published, those that are deleted too.
    pub(super) published: u64,
    /// Oldest first.
    pub(super) versions: Vec<LayerVersion>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LayerVersion {
    pub(super) version: u64,
    pub(super) description: String,
    pub(super) created: String,
    pub(super) runtimes: Vec<String>,
    pub(super) architectures: Vec<String>,
    pub(super) license: Option<String>,
    pub(super) content: LayerContent,
    /// Statements of its policy, and that one's `RevisionId`.
    pub(super) policy: Vec<Value>,
    pub(super) policy_revision: String,
}

/// `PublishLayerVersionRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    description: Option<String>,
    content: Option<Content>,
    #[serde(default)]
    compatible_runtimes: Vec<String>,
    #[serde(default)]
    compatible_architectures: Vec<String>,
    license_info: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    zip_file: Option<String>,
}

impl LayerRecord {
    /// A layer of the template; `None`: it is not on this machine.
    pub(super) fn of_template(layer: &Layer, now: &str) -> Option<Self> {
        layer.path.as_ref()?;
        let (arn, number) = layer.arn.rsplit_once(':')?;
        let number = number.parse().ok()?;
        let version = LayerVersion {
            version: number,
            description: String::new(),
            created: now.to_owned(),
            runtimes: Vec::new(),
            architectures: Vec::new(),
            license: None,
            content: LayerContent::Template(layer.logical_id.clone()),
            policy: Vec::new(),
            policy_revision: super::record::revision(),
        };
        let (name, arn) = (layer.name.clone(), arn.to_owned());
        Some(Self { name, arn, published: number, versions: vec![version] })
    }

    /// The same layer, with the versions that were kept of it: the template's go before them.
    pub(super) fn with(mut self, kept: Self) -> Self {
        self.published = self.published.max(kept.published);
        let is_new =
            |version: &LayerVersion| self.versions.iter().all(|own| own.version != version.version);
        let more: Vec<_> = kept.versions.into_iter().filter(is_new).collect();
        self.versions.extend(more);
        self.versions.sort_by_key(|version| version.version);
        self
    }

    /// What is kept of it: what the template has comes from there.
    fn kept(&self) -> Self {
        let mut kept = self.clone();
        kept.versions.retain(|version| matches!(version.content, LayerContent::Archive(_)));
        kept
    }

    pub(super) fn version(&self, number: u64) -> Option<&LayerVersion> {
        self.versions.iter().find(|version| version.version == number)
    }
}

impl LayerVersion {
    pub(super) fn arn(&self, record: &LayerRecord) -> String {
        format!("{}:{}", record.arn, self.version)
    }

    /// `LayerVersionsListItem`.
    fn document(&self, record: &LayerRecord) -> Value {
        let mut document = json!({
            "LayerVersionArn": self.arn(record),
            "Version": self.version,
            "Description": self.description,
            "CreatedDate": self.created,
        });
        if !self.runtimes.is_empty() {
            document["CompatibleRuntimes"] = json!(self.runtimes);
        }
        if !self.architectures.is_empty() {
            document["CompatibleArchitectures"] = json!(self.architectures);
        }
        if let Some(license) = &self.license {
            document["LicenseInfo"] = license.clone().into();
        }
        document
    }
}

impl Functions {
    pub(super) async fn publish_layer(&self, name: &str, body: &[u8], from: &Origin) -> Answer {
        let input: Input = read(body)?;
        let name = self.layer_name(name)?;
        check_published(&input)?;
        let archive = zip_file(input.content.as_ref().and_then(|it| it.zip_file.as_deref()))?;
        let _writing = self.0.writing.lock().await;
        let code = self.store(Owner::Layer(name.clone()), archive).await?;
        let mut record = match self.layer(&name) {
            Some(record) => LayerRecord::clone(&record),
            None => {
                LayerRecord { arn: self.layer_arn(&name), name, published: 0, versions: Vec::new() }
            }
        };
        record.published += 1;
        let version = LayerVersion {
            version: record.published,
            description: input.description.unwrap_or_default(),
            created: self.timestamp(),
            runtimes: input.compatible_runtimes,
            architectures: input.compatible_architectures,
            license: input.license_info,
            content: LayerContent::Archive(code),
            policy: Vec::new(),
            policy_revision: super::record::revision(),
        };
        let document = self.layer_document(&record, &version, from);
        record.versions.push(version);
        self.commit_layer(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) fn list_layers(&self, query: &Query) -> Answer {
        let layers = self.layers();
        let documents = layers.values().filter_map(|record| {
            let latest = record.versions.iter().rfind(|version| is_wanted(version, query))?;
            Some(json!({
                "LayerName": record.name,
                "LayerArn": record.arn,
                "LatestMatchingVersion": latest.document(record),
            }))
        });
        Ok(ok(&query.page("Layers", documents.collect(), 50)?))
    }

    /// The newest first; a layer that there is not has none.
    pub(super) fn list_layer_versions(&self, name: &str, query: &Query) -> Answer {
        let record = self.layer(&self.layer_name(name)?);
        let documents = record.iter().flat_map(|record| {
            let versions = record.versions.iter().rev();
            versions.filter(|it| is_wanted(it, query)).map(|it| it.document(record))
        });
        Ok(ok(&query.page("LayerVersions", documents.collect(), 50)?))
    }

    pub(super) fn get_layer_version(&self, name: &str, number: &str, from: &Origin) -> Answer {
        let name = self.layer_name(name)?;
        let number = version_number(number)?;
        let record = self.layer(&name).ok_or_else(no_resource)?;
        let version = record.version(number).ok_or_else(no_resource)?;
        Ok(ok(&self.layer_document(&record, version, from)))
    }

    pub(super) fn get_layer_version_by_arn(&self, query: &Query, from: &Origin) -> Answer {
        let arn = query.get("Arn").unwrap_or_default();
        let Some((layer, number)) = layer_version_of(arn) else {
            let pattern = "Member must satisfy regular expression pattern: \
                           arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\
                           \\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+";
            return Err(invalid(arn, "arn", pattern));
        };
        self.get_layer_version(layer, number, from)
    }

    /// Lambda answers 204 also where there is no such version. Functions that have it keep it
    /// (API reference, "DeleteLayerVersion").
    pub(super) async fn delete_layer_version(&self, name: &str, number: &str) -> Answer {
        let name = self.layer_name(name)?;
        let number = version_number(number)?;
        let _writing = self.0.writing.lock().await;
        if let Some(record) = self.layer(&name)
            && let Some(version) = record.version(number)
        {
            if matches!(version.content, LayerContent::Template(_)) {
                return Err(LambdaError::InvalidParameter(format!(
                    "{} is the template's: take it out there.",
                    version.arn(&record)
                )));
            }
            let mut record = LayerRecord::clone(&record);
            record.versions.retain(|version| version.version != number);
            self.commit_layer(record).await?;
        }
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    /// Whether a function may have these layers; nothing is changed.
    pub(super) fn check_layers(&self, arns: &[String]) -> Result<(), LambdaError> {
        let refuse = |message: String| Err(LambdaError::InvalidParameter(message));
        if arns.len() > MAX_LAYERS {
            return refuse(format!("Cannot reference more than {MAX_LAYERS} layers."));
        }
        for (place, arn) in arns.iter().enumerate() {
            let Some((layer, _)) = layer_version_of(arn) else {
                let constraint = "Member must satisfy constraint: [Member must have length less \
                                  than or equal to 2048, Member must have length greater than or \
                                  equal to 1, Member must satisfy regular expression pattern: \
                                  (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:\
                                  [a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:\
                                  [a-zA-Z0-9-_]+), Member must not be null]";
                return Err(invalid(&format!("[{arn}]"), "layers", constraint));
            };
            if self.layer_version(arn).is_none() {
                let own = self.layer_arn("");
                let place = own.trim_end_matches(':');
                let hint = match arn.starts_with(&own) {
                    true => String::new(),
                    false => format!(" Samovar fetches no layers: publish it at {place}."),
                };
                return refuse(format!("Layer version {arn} does not exist.{hint}"));
            }
            let before = arns[..place].iter();
            let twice = before
                .clone()
                .find(|other| layer_version_of(other).is_some_and(|(other, _)| other == layer));
            if let Some(other) = twice {
                return refuse(format!(
                    "Two different versions of the same layer are not allowed to be referenced in \
                     the same function. {other} and {arn} are versions of the same layer."
                ));
            }
        }
        Ok(())
    }

    /// Gives a function these layers, which were checked.
    pub(super) async fn take_layers(
        &self,
        function: &str,
        arns: &[String],
    ) -> Result<Vec<LayerUse>, LambdaError> {
        let mut layers = Vec::new();
        for arn in arns {
            let Some((name, content)) = self.layer_version(arn) else {
                let message = format!("Layer version {arn} does not exist.");
                return Err(LambdaError::InvalidParameter(message));
            };
            if let LayerContent::Archive(archive) = &content {
                let shared = self.parts().host.share(&name, function, archive).await;
                shared.map_err(|_| LambdaError::Service("The layer could not be copied."))?;
            }
            layers.push(LayerUse { arn: arn.clone(), content: Some(content) });
        }
        Ok(layers)
    }

    /// The name of the layer and what the version with this ARN has.
    fn layer_version(&self, arn: &str) -> Option<(String, LayerContent)> {
        let (layer, number) = layer_version_of(arn)?;
        let name = layer.rsplit(':').next()?;
        let record = self.layer(name).filter(|record| record.arn == layer)?;
        let version = record.version(number.parse().ok()?)?;
        Some((record.name.clone(), version.content.clone()))
    }

    /// Keeps a changed layer, and lets everybody see it.
    pub(super) async fn commit_layer(&self, record: LayerRecord) -> Result<(), LambdaError> {
        let kept = record.kept();
        let archives = kept.versions.iter().filter_map(|version| match &version.content {
            LayerContent::Archive(archive) => Some(archive.clone()),
            LayerContent::Template(_) => None,
        });
        let archives = archives.collect();
        // Texts, numbers and maps with text keys: this cannot fail.
        let document = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        let owner = Owner::Layer(record.name.clone());
        // One without versions stays too: their numbers are not given twice.
        let saved = self.parts().host.save(owner, document, archives).await;
        saved.map_err(|_| LambdaError::Service("The layer could not be written to disk."))?;
        self.publish_layer_record(record);
        Ok(())
    }

    /// `PublishLayerVersionResponse`, and `GetLayerVersionResponse`.
    fn layer_document(&self, record: &LayerRecord, version: &LayerVersion, from: &Origin) -> Value {
        let mut document = version.document(record);
        document["LayerArn"] = record.arn.clone().into();
        let location = self.layer_location(from, &record.name, version.version);
        document["Content"] = json!({"Location": location});
        if let LayerContent::Archive(archive) = &version.content {
            document["Content"]["CodeSha256"] = sha256(archive).into();
            document["Content"]["CodeSize"] = archive.size.into();
        }
        document
    }

    pub(super) fn layer_arn(&self, name: &str) -> String {
        let account = &self.parts().account;
        format!("arn:aws:lambda:{}:{}:layer:{name}", account.region, account.id)
    }

    /// The name in a path, which may be an ARN: letters, digits, `-` and `_`, at most 140.
    pub(super) fn layer_name(&self, named: &str) -> Result<String, LambdaError> {
        let own = self.layer_arn("");
        let name = named.strip_prefix(&own).unwrap_or(named);
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if (1..=140).contains(&name.len()) && name.chars().all(is_valid) {
            return Ok(name.to_owned());
        }
        let pattern = "Member must satisfy regular expression pattern: \
                       (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|\
                       [a-zA-Z0-9-_]+";
        Err(invalid(named, "layerName", pattern))
    }
}

/// The layer's ARN and the number in the ARN of a version.
fn layer_version_of(arn: &str) -> Option<(&str, &str)> {
    let (layer, number) = arn.rsplit_once(':')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = layer.split(':').collect();
    let is_layer =
        matches!(parts[..], ["arn", _, "lambda", _, _, "layer", name] if !name.is_empty());
    (is_number && is_layer).then_some((layer, number))
}

/// A version's number: 1 or more.
pub(super) fn version_number(text: &str) -> Result<u64, LambdaError> {
    match text.parse::<i64>() {
        Ok(number) if number >= 1 => Ok(number.unsigned_abs()),
        Ok(_) => {
            let message = "Layer Version Cannot be less than 1";
            Err(LambdaError::InvalidParameter(message.to_owned()))
        }
        Err(_) => Err(no_resource()),
    }
}

/// Whether a version is for the runtime and architecture that a list is asked for; one that names
/// none is for all.
fn is_wanted(version: &LayerVersion, query: &Query) -> bool {
    let has = |own: &[String], name: &str| {
        query.get(name).is_none_or(|wanted| own.is_empty() || own.iter().any(|it| it == wanted))
    };
    has(&version.runtimes, "CompatibleRuntime")
        && has(&version.architectures, "CompatibleArchitecture")
}

fn check_published(input: &Input) -> Result<(), LambdaError> {
    let few = |list: &[String], member, most| {
        if list.len() <= most {
            return Ok(());
        }
        let constraint = format!("Member must have length less than or equal to {most}");
        Err(invalid(&format!("[{}]", list.join(", ")), member, &constraint))
    };
    few(&input.compatible_runtimes, "compatibleRuntimes", MAX_RUNTIMES)?;
    few(&input.compatible_architectures, "compatibleArchitectures", MAX_ARCHITECTURES)?;
    let known = ["x86_64", "arm64"];
    if input.compatible_architectures.iter().any(|it| !known.contains(&it.as_str())) {
        let value = format!("[{}]", input.compatible_architectures.join(", "));
        let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: \
                          [x86_64, arm64], Member must not be null]";
        return Err(invalid(&value, "compatibleArchitectures", constraint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::host::StoredCode;
    use super::*;

    fn record(versions: &[(u64, LayerContent)], published: u64) -> LayerRecord {
        let versions = versions.iter().map(|(version, content)| LayerVersion {
            version: *version,
            description: String::new(),
            created: String::new(),
            runtimes: Vec::new(),
            architectures: Vec::new(),
            license: None,
            content: content.clone(),
            policy: Vec::new(),
            policy_revision: String::new(),
        });
        let arn = "arn:aws:lambda:us-east-1:000000000000:layer:tools".to_owned();
        LayerRecord { name: "tools".to_owned(), arn, published, versions: versions.collect() }
    }

    #[test]
    fn the_template_goes_before_what_was_kept() {
        let archive = |byte| LayerContent::Archive(StoredCode { sha256: [byte; 32], size: 1 });
        let declared = LayerContent::Template("Tools".to_owned());
        let kept = record(&[(1, archive(1)), (3, archive(3))], 3);
        let merged = record(&[(1, declared.clone())], 1).with(kept);
        let contents: Vec<_> = merged.versions.iter().map(|it| (it.version, &it.content)).collect();
        assert_eq!(contents, [(1, &declared), (3, &archive(3))]);
        assert_eq!(merged.published, 3, "no number is given twice");
        let kept: Vec<_> = merged.kept().versions.iter().map(|it| it.version).collect();
        assert_eq!(kept, [3], "what the template has is not kept");
    }

    #[test]
    fn arns_of_versions() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:layer:tools";
        let version = format!("{arn}:12");
        assert_eq!(layer_version_of(&version), Some((arn, "12")));
        for other in
            [arn, "", "12", "arn:aws:lambda:us-east-1:1:function:tools:12", "a:b:c:d:e:f:g:1"]
        {
            assert_eq!(layer_version_of(other), None, "{other}");
        }
        assert_eq!(version_number("7").ok(), Some(7));
        for bad in ["0", "-1", "x", ""] {
            assert!(version_number(bad).is_err(), "{bad}");
        }
    }
}
