//! The management half of the Lambda API: functions, versions, aliases, mappings, URLs.
//!
//! Lambda API reference; paths and shapes as in botocore, `lambda/2015-03-31/service-2.json`;
//! answers and errors as recorded from AWS in LocalStack's `test_lambda_api.snapshot.json`.
//!
//! Functions of the template are there from the start. What the API changes of them lasts until
//! Samovar ends: the template is what counts then. Functions that the API makes are kept.

mod aliases;
mod configuration;
mod declared;
mod download;
mod event_invoke;
mod functions;
mod host;
mod input;
mod layer_permissions;
mod layers;
mod mappings;
mod operations;
mod record;
mod settings;
mod urls;
mod versions;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use samovar_app::{App, Layer};
use samovar_dispatch::{Account, Body, Clock, Dispatcher};
use samovar_http::{Signer, full};
use samovar_triggers::{Gateway, Mappings};
use serde_json::Value;
use tokio::sync::Mutex;

pub(crate) use self::download::{Origin, is_meant as is_archive};
pub use self::host::{CodeError, FunctionHost, LayerContent, Owner, Packed, StoredCode};
use self::input::Query;
use self::layers::LayerRecord;
use self::record::Record;
use super::error::LambdaError;
use crate::reply;

/// Largest request in bytes: an archive of 50 MB in base64, and what stands beside it (recorded
/// from AWS: "Request must be smaller than 70167211 bytes for the CreateFunction operation").
pub(super) const REQUEST_LIMIT: usize = 70_167_211;

/// The functions that the management API speaks of. Cheap to clone.
#[derive(Clone)]
pub struct Functions(Arc<Shared>);

/// What the functions hang together with.
pub struct Parts {
    /// Whose they are.
    pub account: Account,
    /// Where they are invoked.
    pub dispatcher: Dispatcher,
    /// What runs and keeps them.
    pub host: Arc<dyn FunctionHost>,
    /// Where their URLs are served.
    pub gateway: Gateway,
    /// The port of the gateway.
    pub http_port: u16,
    /// Their event source mappings.
    pub mappings: Mappings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signs URLs of archives, where calls must be signed.
    pub signer: Option<Signer>,
}

/// What was kept: the records that [`FunctionHost::save`] was given.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Those of functions.
    pub functions: Vec<Vec<u8>>,
    /// Those of layers.
    pub layers: Vec<Vec<u8>>,
}

struct Shared {
    parts: Parts,
    records: RwLock<BTreeMap<String, Arc<Record>>>,
    layers: RwLock<BTreeMap<String, Arc<LayerRecord>>>,
    /// Held while something is changed, so that changes follow each other.
    writing: Mutex<()>,
}

type Answer = Result<Response<Body>, LambdaError>;

impl Functions {
    /// The functions and layers of the template, whose mappings begin to run now, and those that
    /// were kept. Those that cannot be served any more are returned with the reason.
    ///
    /// Must be called within a tokio runtime.
    pub async fn open(parts: Parts, app: &App, kept: Kept) -> (Self, Vec<(String, String)>) {
        let (records, layers) = Default::default();
        let functions =
            Self(Arc::new(Shared { parts, records, layers, writing: Mutex::default() }));
        let mut failures = Vec::new();
        functions.open_layers(&app.layers, kept.layers, &mut failures);
        for function in &app.functions {
            functions.add_template(function, &app.layers).await;
        }
        for document in kept.functions {
            match serde_json::from_slice::<Record>(&document) {
                Ok(record) => {
                    let name = record.name().to_owned();
                    // The template goes before what was made beside it.
                    if functions.record(&name).is_some() {
                        let why = "the template has a function of this name now".to_owned();
                        failures.push((name, why));
                    } else if let Err(why) = functions.restore(record).await {
                        failures.push((name, why));
                    }
                }
                Err(error) => failures.push(("a function".to_owned(), error.to_string())),
            }
        }
        (functions, failures)
    }

    fn open_layers(
        &self,
        template: &[Layer],
        kept: Vec<Vec<u8>>,
        failures: &mut Vec<(String, String)>,
    ) {
        let now = self.timestamp();
        for record in template.iter().filter_map(|layer| LayerRecord::of_template(layer, &now)) {
            self.publish_layer_record(record);
        }
        for document in kept {
            match serde_json::from_slice::<LayerRecord>(&document) {
                Ok(kept) => {
                    let record = match self.layer(&kept.name) {
                        Some(declared) => LayerRecord::clone(&declared).with(kept),
                        None => kept,
                    };
                    self.publish_layer_record(record);
                }
                Err(error) => failures.push(("a layer".to_owned(), error.to_string())),
            }
        }
    }

    /// Serves a function that was kept.
    async fn restore(&self, record: Record) -> Result<(), String> {
        for config in record.versions.iter().chain([&record.latest]) {
            let (function, layers) = (record.function(config), config.layer_contents());
            self.parts().host.serve(function, config.code.as_ref(), &layers).await?;
        }
        for (name, alias) in &record.aliases {
            self.set_alias(&record, name, Some(alias));
        }
        self.parts().gateway.set_url(&record.function(&record.latest));
        for mapping in &record.mappings {
            self.start_mapping(&record, mapping);
        }
        self.publish(record);
        Ok(())
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn record(&self, name: &str) -> Option<Arc<Record>> {
        self.records().get(name).cloned()
    }

    fn records(&self) -> BTreeMap<String, Arc<Record>> {
        self.0.records.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn layer(&self, name: &str) -> Option<Arc<LayerRecord>> {
        self.layers().get(name).cloned()
    }

    fn layers(&self) -> BTreeMap<String, Arc<LayerRecord>> {
        self.0.layers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish_layer_record(&self, record: LayerRecord) {
        let mut layers = self.0.layers.write().unwrap_or_else(PoisonError::into_inner);
        layers.insert(record.name.clone(), Arc::new(record));
    }

    /// What everybody sees from now on.
    fn publish(&self, record: Record) {
        let mut records = self.0.records.write().unwrap_or_else(PoisonError::into_inner);
        records.insert(record.name().to_owned(), Arc::new(record));
    }

    /// Keeps a changed function, and lets everybody see it.
    async fn commit(&self, record: Record) -> Result<(), LambdaError> {
        if record.template.is_none() {
            // Texts, numbers and maps with text keys: this cannot fail.
            let document = serde_json::to_vec_pretty(&record).unwrap_or_default();
            let owner = Owner::Function(record.name().to_owned());
            let saved = self.parts().host.save(owner, document, record.archives()).await;
            saved
                .map_err(|_| LambdaError::Service("The function could not be written to disk."))?;
        }
        self.publish(record);
        Ok(())
    }

    /// The function that a path names, by name or ARN, and the qualifier in that.
    fn find(&self, named: &str) -> Result<(Arc<Record>, Option<String>), LambdaError> {
        let bare = named.rsplit_once("function:").map_or(named, |(_, bare)| bare);
        let (name, qualifier) = match bare.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (bare, None),
        };
        let Account { id, region } = &self.parts().account;
        let arn = format!("arn:aws:lambda:{region}:{id}:function:{bare}");
        let is_here = !named.starts_with("arn:") || named == arn;
        let record = self.record(name).filter(|_| is_here);
        let arn = if is_here { arn } else { named.to_owned() };
        Ok((record.ok_or(LambdaError::FunctionNotFound { arn })?, qualifier))
    }

    /// As AWS spells `LastModified`: `2022-09-01T09:00:22.000+0000`.
    fn timestamp(&self) -> String {
        let since = self.parts().clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or_default();
        let time = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
        time.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
    }

    /// Seconds since the epoch.
    fn epoch(&self) -> f64 {
        self.parts().clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }

    /// Answers one request. `segments` are the path's, decoded, the date of the version first.
    pub(super) async fn handle(
        &self,
        method: &Method,
        segments: &[&str],
        query: Option<&str>,
        body: Bytes,
        from: &Origin,
    ) -> Answer {
        let query = &Query::new(query.unwrap_or_default());
        let Some((operation, parameters)) = operations::find(method, segments, query) else {
            let path = format!("/{}", segments.join("/"));
            return Err(LambdaError::UnknownOperation { method: method.clone(), path });
        };
        match (operation, &parameters[..]) {
            ("ListFunctions", _) => self.list_functions(query).await,
            ("CreateFunction", _) => self.create_function(&body).await,
            ("GetFunction", [name]) => self.get_function(name, query, from).await,
            ("DeleteFunction", [name]) => self.delete_function(name, query).await,
            ("GetFunctionConfiguration", [name]) => self.get_configuration(name, query).await,
            ("UpdateFunctionConfiguration", [name]) => self.update_configuration(name, &body).await,
            ("UpdateFunctionCode", [name]) => self.update_code(name, &body).await,
            ("ListVersionsByFunction", [name]) => self.list_versions(name, query).await,
            ("PublishVersion", [name]) => self.publish_version(name, &body).await,
            ("ListAliases", [name]) => self.list_aliases(name, query),
            ("CreateAlias", [name]) => self.create_alias(name, &body).await,
            ("GetAlias", [name, alias]) => self.get_alias(name, alias),
            ("UpdateAlias", [name, alias]) => self.update_alias(name, alias, &body).await,
            ("DeleteAlias", [name, alias]) => self.delete_alias(name, alias).await,
            ("GetPolicy", [name]) => self.get_policy(name),
            ("AddPermission", [name]) => self.add_permission(name, &body).await,
            ("RemovePermission", [name, id]) => self.remove_permission(name, id).await,
            ("GetFunctionConcurrency", [name]) => self.get_concurrency(name),
            ("PutFunctionConcurrency", [name]) => self.put_concurrency(name, &body).await,
            ("DeleteFunctionConcurrency", [name]) => self.delete_concurrency(name).await,
            ("GetFunctionEventInvokeConfig", [name]) => self.get_event_invoke(name),
            ("ListFunctionEventInvokeConfigs", [name]) => self.list_event_invoke(name, query),
            ("PutFunctionEventInvokeConfig", [name]) => {
                self.set_event_invoke(name, &body, true).await
            }
            ("UpdateFunctionEventInvokeConfig", [name]) => {
                self.set_event_invoke(name, &body, false).await
            }
            ("DeleteFunctionEventInvokeConfig", [name]) => self.delete_event_invoke(name).await,
            ("GetFunctionUrlConfig", [name]) => self.get_url(name),
            ("CreateFunctionUrlConfig", [name]) => self.create_url(name, &body).await,
            ("UpdateFunctionUrlConfig", [name]) => self.update_url(name, &body).await,
            ("DeleteFunctionUrlConfig", [name]) => self.delete_url(name).await,
            ("ListFunctionUrlConfigs", [name]) => self.list_urls(name, query),
            ("ListEventSourceMappings", _) => self.list_mappings(query),
            ("CreateEventSourceMapping", _) => self.create_mapping(&body).await,
            ("GetEventSourceMapping", [id]) => self.get_mapping(id),
            ("UpdateEventSourceMapping", [id]) => self.update_mapping(id, &body).await,
            ("DeleteEventSourceMapping", [id]) => self.delete_mapping(id).await,
            ("ListTags", [arn]) => self.list_tags(arn),
            ("TagResource", [arn]) => self.tag(arn, &body).await,
            ("UntagResource", [arn]) => self.untag(arn, query).await,
            ("GetAccountSettings", _) => Ok(self.account_settings()),
            ("PublishLayerVersion", [name]) => self.publish_layer(name, &body, from).await,
            ("ListLayers", _) => self.list_layers(query),
            ("ListLayerVersions", [name]) => self.list_layer_versions(name, query),
            ("GetLayerVersion", [name, number]) => self.get_layer_version(name, number, from),
            ("GetLayerVersionByArn", _) => self.get_layer_version_by_arn(query, from),
            ("DeleteLayerVersion", [name, number]) => self.delete_layer_version(name, number).await,
            ("GetLayerVersionPolicy", [name, number]) => self.get_layer_policy(name, number),
            ("AddLayerVersionPermission", [name, number]) => {
                self.add_layer_permission(name, number, query, &body).await
            }
            ("RemoveLayerVersionPermission", [name, number, id]) => {
                self.remove_layer_permission(name, number, id, query).await
            }
            ("GetFunctionCodeSigningConfig", [name]) => self.get_code_signing(name),
            ("GetRuntimeManagementConfig", [name]) => self.get_runtime_management(name, query),
            (operation, _) => Err(LambdaError::NotServed { operation }),
        }
    }
}

/// 200 with a document.
fn ok(document: &Value) -> Response<Body> {
    reply::json(StatusCode::OK, document)
}

/// A status without a body.
fn nothing(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// 404 for what hangs on a function and is not there.
fn no_resource() -> LambdaError {
    LambdaError::ResourceNotFound("The resource you requested does not exist.".to_owned())
}
