//! What an extension asks for ("Lambda Telemetry API reference"; "Lambda Logs API", subscribe).

use std::time::Duration;

use http::Uri;
use serde_json::Value;

/// Through which API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// `PUT /2022-07-01/telemetry`.
    Telemetry,
    /// `PUT /2020-08-15/logs`.
    Logs,
}

impl Api {
    /// The event about a subscription.
    pub(crate) fn subscription_event(self) -> &'static str {
        match self {
            Self::Telemetry => "platform.telemetrySubscription",
            Self::Logs => "platform.logsSubscription",
        }
    }

    /// How a line about a subscription begins.
    pub(crate) fn log_name(self) -> &'static str {
        match self {
            Self::Telemetry => "TELEMETRY",
            Self::Logs => "LOGS",
        }
    }
}

/// `schemaVersion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    Telemetry20220701,
    Telemetry20221213,
    Telemetry20250129,
    Logs20200815,
    Logs20210318,
}

/// A kind of telemetry: one of `types`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Platform,
    Function,
    Extension,
}

impl Category {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Function => "function",
            Self::Extension => "extension",
        }
    }

    /// As log lines have it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Platform => "Platform",
            Self::Function => "Function",
            Self::Extension => "Extension",
        }
    }
}

/// Where batches go: always to 127.0.0.1, which is what `sandbox.localdomain` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A JSON array in the body of a request.
    Http { port: u16, path: String, put: bool },
    /// A JSON document a line.
    Tcp { port: u16 },
}

impl Destination {
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Http { port, .. } | Self::Tcp { port } => *port,
        }
    }
}

/// A valid request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) api: Api,
    pub(crate) schema: Schema,
    pub(crate) categories: Vec<Category>,
    pub(crate) destination: Destination,
    /// Events in a batch at most.
    pub(crate) max_items: usize,
    /// Bytes in a batch at most.
    pub(crate) max_bytes: usize,
    /// How long a batch waits to be filled.
    pub(crate) timeout: Duration,
}

impl Subscription {
    /// Reads a request's body.
    ///
    /// # Errors
    /// Everything that is wrong with it, as AWS joins it: with semicolons.
    pub(crate) fn read(api: Api, body: &[u8]) -> Result<Self, String> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| format!("Invalid JSON: {error}"))?;
        if !body.is_object() {
            return Err("The request body is not a JSON object".to_owned());
        }
        let mut faults = Vec::new();
        let schema = schema(api, &body["schemaVersion"], &mut faults);
        let categories = categories(&body["types"], &mut faults);
        let destination = destination(api, &body["destination"], &mut faults);
        let default_items = match api {
            Api::Telemetry => 1_000,
            Api::Logs => 10_000,
        };
        let buffering = &body["buffering"];
        let mut bounded = |name: &str, default: u64, (least, most): (u64, u64)| {
            let value = match &buffering[name] {
                Value::Null => Some(default),
                value => value.as_u64().filter(|value| (least..=most).contains(value)),
            };
            value.unwrap_or_else(|| {
                faults.push(format!("buffering.{name} should be between {least} and {most}"));
                default
            })
        };
        let max_items = bounded("maxItems", default_items, (1_000, 10_000));
        let max_bytes = bounded("maxBytes", 262_144, (262_144, 1_048_576));
        let timeout = bounded("timeoutMs", 1_000, (25, 30_000));
        if !buffering.is_null() && !buffering.is_object() {
            faults.push("buffering should be an object".to_owned());
        }
        let (Some(schema), Some(destination), []) = (schema, destination, faults.as_slice()) else {
            return Err(faults.join("; "));
        };
        Ok(Self {
            api,
            schema,
            categories,
            destination,
            // Within bounds that every machine's `usize` has.
            max_items: max_items as usize,
            max_bytes: max_bytes as usize,
            timeout: Duration::from_millis(timeout),
        })
    }
}

fn schema(api: Api, value: &Value, faults: &mut Vec<String>) -> Option<Schema> {
    let schema = match (api, value.as_str()) {
        (Api::Telemetry, Some("2022-07-01")) => Some(Schema::Telemetry20220701),
        (Api::Telemetry, Some("2022-12-13")) => Some(Schema::Telemetry20221213),
        (Api::Telemetry, Some("2025-01-29")) => Some(Schema::Telemetry20250129),
        (Api::Logs, Some("2020-08-15")) => Some(Schema::Logs20200815),
        (Api::Logs, Some("2021-03-18")) => Some(Schema::Logs20210318),
        // "Optional" in the Logs API's reference.
        (Api::Logs, None) if value.is_null() => Some(Schema::Logs20200815),
        _ => None,
    };
    if schema.is_none() {
        faults.push(match api {
            Api::Telemetry => {
                "schemaVersion should be 2022-07-01, 2022-12-13 or 2025-01-29".to_owned()
            }
            Api::Logs => "schemaVersion should be 2020-08-15 or 2021-03-18".to_owned(),
        });
    }
    schema
}

fn categories(value: &Value, faults: &mut Vec<String>) -> Vec<Category> {
    let names = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if names.is_empty() {
        faults.push("types should not be empty".to_owned());
    }
    let mut categories = Vec::new();
    for name in names {
        let all = [Category::Platform, Category::Function, Category::Extension];
        match all.into_iter().find(|category| Some(category.name()) == name.as_str()) {
            Some(category) if !categories.contains(&category) => categories.push(category),
            Some(_) => {}
            None => faults.push(format!("types should not contain {name}")),
        }
    }
    categories
}

fn destination(api: Api, value: &Value, faults: &mut Vec<String>) -> Option<Destination> {
    let before = faults.len();
    let destination = match value["protocol"].as_str() {
        Some("HTTP") => http(api, value, faults),
        Some("TCP") => {
            let port = match &value["port"] {
                Value::Null => value["URI"].as_str().and_then(|uri| port_of(uri, faults)),
                Value::String(text) => text.parse().ok(),
                number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            };
            port.map(|port| Destination::Tcp { port })
        }
        _ => {
            faults.push("destination.protocol should be HTTP or TCP".to_owned());
            None
        }
    };
    let destination = destination.filter(|destination| destination.port() != 0);
    if destination.is_none() && faults.len() == before {
        faults.push("destination port is not provided".to_owned());
    }
    destination
}

fn http(api: Api, value: &Value, faults: &mut Vec<String>) -> Option<Destination> {
    let put = match (api, value["method"].as_str()) {
        (Api::Logs, Some("PUT")) => true,
        (_, None | Some("POST")) => false,
        (_, Some(_)) => {
            faults.push("destination.method should be POST".to_owned());
            return None;
        }
    };
    let uri = value["URI"].as_str().unwrap_or_default();
    let port = port_of(uri, faults)?;
    let path = uri.parse::<Uri>().ok()?.path_and_query().map(ToString::to_string);
    Some(Destination::Http { port, path: path.unwrap_or_else(|| "/".to_owned()), put })
}

/// The port of a URI whose host is the environment itself. No other host is ever connected to.
fn port_of(uri: &str, faults: &mut Vec<String>) -> Option<u16> {
    let Ok(uri) = uri.parse::<Uri>() else {
        faults.push("URI is not valid".to_owned());
        return None;
    };
    if !matches!(uri.scheme_str(), None | Some("http" | "tcp")) {
        faults.push("URI scheme should be http".to_owned());
        return None;
    }
    if !matches!(uri.host(), Some("sandbox.localdomain" | "sandbox")) {
        faults.push("URI host should be sandbox.localdomain".to_owned());
        return None;
    }
    let port = uri.port_u16();
    if port.is_none() {
        faults.push("URI port is not provided".to_owned());
    }
    port
}
