//! The management half of the Lambda API: functions, versions, aliases, mappings, URLs.
//!
//! Lambda API reference; paths and shapes as in botocore, `lambda/2015-03-31/service-2.json`;
//! answers and errors as recorded from AWS in LocalStack's `test_lambda_api.snapshot.json`.
//!
//! Functions of the template are there from the start. What the API changes of them lasts until
//! Samovar ends: the template is what counts then. Functions that the API makes are kept.

mod aliases;
mod functions;
mod host;
mod input;
mod mappings;
mod record;
mod settings;
mod urls;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use samovar_app::{Function, Trigger};
use samovar_dispatch::{Account, Alias, Body, Clock, Dispatcher};
use samovar_http::full;
use samovar_triggers::{Gateway, Mappings};
use serde_json::Value;
use tokio::sync::Mutex;

pub use self::host::{CodeError, FunctionHost, StoredCode};
use self::input::Query;
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
}

struct Shared {
    parts: Parts,
    records: RwLock<BTreeMap<String, Arc<Record>>>,
    /// Held while something is changed, so that changes follow each other.
    writing: Mutex<()>,
}

type Answer = Result<Response<Body>, LambdaError>;

impl Functions {
    /// The functions of the template, whose mappings begin to run now, and those that were kept:
    /// what [`FunctionHost::save`] was given. Those that cannot be served any more are returned
    /// with the reason.
    ///
    /// Must be called within a tokio runtime.
    pub async fn open(
        parts: Parts,
        template: &[Arc<Function>],
        kept: Vec<Vec<u8>>,
    ) -> (Self, Vec<(String, String)>) {
        let shared = Shared { parts, records: RwLock::default(), writing: Mutex::default() };
        let functions = Self(Arc::new(shared));
        for function in template {
            functions.add_template(function);
        }
        let mut failures = Vec::new();
        for document in kept {
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

    fn add_template(&self, function: &Arc<Function>) {
        let record = Record::of_template(function, &self.timestamp(), self.epoch());
        for name in record.aliases.keys() {
            let alias = Alias { version: record::LATEST.to_owned(), weights: Vec::new() };
            self.parts().dispatcher.set_alias(record.name(), name, Some(alias));
        }
        for trigger in &function.triggers {
            if let Trigger::Queue(trigger) = trigger {
                let id = Mappings::id(&trigger.arn, &function.arn);
                self.parts().mappings.insert(id, trigger.clone(), function.clone());
            }
        }
        self.publish(record);
    }

    /// Serves a function that was kept.
    async fn restore(&self, record: Record) -> Result<(), String> {
        for config in record.versions.iter().chain([&record.latest]) {
            let function = record.function(config);
            self.parts().host.serve(function, config.code.as_ref()).await?;
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
            let saved = self.parts().host.save(record.name(), document, record.code()).await;
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
    ) -> Answer {
        let query = Query::new(query.unwrap_or_default());
        let (get, put) = (*method == Method::GET, *method == Method::PUT);
        let (post, delete) = (*method == Method::POST, *method == Method::DELETE);
        match segments {
            ["2015-03-31", "functions"] if get => self.list_functions(&query),
            ["2015-03-31", "functions"] if post => self.create_function(&body).await,
            ["2015-03-31", "functions", name] if get => self.get_function(name, &query),
            ["2015-03-31", "functions", name] if delete => self.delete_function(name, &query).await,
            ["2015-03-31", "functions", name, "configuration"] if get => {
                self.get_configuration(name, &query)
            }
            ["2015-03-31", "functions", name, "configuration"] if put => {
                self.update_configuration(name, &body).await
            }
            ["2015-03-31", "functions", name, "code"] if put => self.update_code(name, &body).await,
            ["2015-03-31", "functions", name, "versions"] if get => {
                self.list_versions(name, &query)
            }
            ["2015-03-31", "functions", name, "versions"] if post => {
                self.publish_version(name, &body).await
            }
            ["2015-03-31", "functions", name, "aliases"] if get => self.list_aliases(name, &query),
            ["2015-03-31", "functions", name, "aliases"] if post => {
                self.create_alias(name, &body).await
            }
            ["2015-03-31", "functions", name, "aliases", alias] => match () {
                () if get => self.get_alias(name, alias),
                () if put => self.update_alias(name, alias, &body).await,
                () if delete => self.delete_alias(name, alias).await,
                () => Err(unknown(method, segments)),
            },
            ["2015-03-31", "functions", name, "policy"] if get => self.get_policy(name),
            ["2015-03-31", "functions", name, "policy"] if post => {
                self.add_permission(name, &body).await
            }
            ["2015-03-31", "functions", name, "policy", id] if delete => {
                self.remove_permission(name, id).await
            }
            ["2019-09-30", "functions", name, "concurrency"] if get => self.get_concurrency(name),
            ["2017-10-31", "functions", name, "concurrency"] if put => {
                self.put_concurrency(name, &body).await
            }
            ["2017-10-31", "functions", name, "concurrency"] if delete => {
                self.delete_concurrency(name).await
            }
            ["2019-09-25", "functions", name, "event-invoke-config"] => match () {
                () if get => self.get_event_invoke(name),
                () if put => self.set_event_invoke(name, &body, true).await,
                () if post => self.set_event_invoke(name, &body, false).await,
                () if delete => self.delete_event_invoke(name).await,
                () => Err(unknown(method, segments)),
            },
            ["2021-10-31", "functions", name, "url"] => match () {
                () if get => self.get_url(name),
                () if post => self.create_url(name, &body).await,
                () if put => self.update_url(name, &body).await,
                () if delete => self.delete_url(name).await,
                () => Err(unknown(method, segments)),
            },
            ["2021-10-31", "functions", name, "urls"] if get => self.list_urls(name),
            ["2015-03-31", "event-source-mappings"] if get => self.list_mappings(&query),
            ["2015-03-31", "event-source-mappings"] if post => self.create_mapping(&body).await,
            ["2015-03-31", "event-source-mappings", id] => match () {
                () if get => self.get_mapping(id),
                () if put => self.update_mapping(id, &body).await,
                () if delete => self.delete_mapping(id).await,
                () => Err(unknown(method, segments)),
            },
            ["2017-03-31", "tags", arn] => match () {
                () if get => self.list_tags(arn),
                () if post => self.tag(arn, &body).await,
                () if delete => self.untag(arn, &query).await,
                () => Err(unknown(method, segments)),
            },
            ["2016-08-19", "account-settings"] if get => Ok(self.account_settings()),
            _ => Err(unknown(method, segments)),
        }
    }
}

fn unknown(method: &Method, segments: &[&str]) -> LambdaError {
    let path = format!("/{}", segments.join("/"));
    LambdaError::UnknownOperation { method: method.clone(), path }
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
