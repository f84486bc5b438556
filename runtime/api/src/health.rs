//! Samovar's own page: what runs here.

use http::{Response, StatusCode};
use samovar_dispatch::{Body, FunctionStatus};
use serde::Serialize;

use crate::{Services, reply};

/// Where it is.
pub(crate) const PATH: &str = "/_samovar/health";

#[derive(Serialize)]
struct Health {
    /// The port is open only when everything is built, so there is no other.
    status: &'static str,
    version: &'static str,
    functions: Vec<FunctionStatus>,
    /// Names.
    queues: Vec<String>,
}

pub(crate) async fn report(services: &Services) -> Response<Body> {
    let queues = services.queues.list_queues(None, None, None).await.unwrap_or_default();
    let name = |url: &String| url.rsplit('/').next().unwrap_or_default().to_owned();
    let health = Health {
        status: "ready",
        version: env!("CARGO_PKG_VERSION"),
        functions: services.dispatcher.functions(),
        queues: queues.queue_urls.iter().map(name).collect(),
    };
    reply::json(StatusCode::OK, &health)
}
