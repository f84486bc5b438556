//! Other servers: `HTTP_PROXY`.
//!
//! API Gateway developer guide, "Create HTTP proxy integrations for HTTP APIs" and "HTTP proxy
//! integration for REST APIs". The servers are those that the template names, in whichever network
//! they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_encode;
use rustls::crypto::ring;
use samovar_app::HttpIntegration;
use samovar_dispatch::Body;
use samovar_http::{BodyError, read_body};
use tokio::time::timeout;

use super::change::{self, Outgoing};
use super::values::Call;
use super::{BODY_LIMIT, Integrations, Reply};
use crate::gateway::endpoint::Front;
use crate::gateway::failure::Failure;
use crate::gateway::headers::remove_hop_by_hop;

/// A client with a pool of connections.
pub(super) type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(15);

/// Passes a request on, and the answer back.
pub(super) async fn answer(
    integrations: &Integrations,
    http: &HttpIntegration,
    call: &Call<'_>,
) -> Result<Reply, Failure> {
    let client = client(integrations)?;
    let request = request(http, call)?;
    let mut reply = timeout(call.limit, async {
        let response = client.request(request).await;
        let (parts, body) = response.map_err(|error| unreachable(&error))?.into_parts();
        let body = read_body(body, BODY_LIMIT).await.map_err(|error| match error {
            BodyError::TooLarge => Failure::Function("the answer is larger than 10 MB".to_owned()),
            BodyError::Broken | BodyError::TooSlow => {
                Failure::Unreachable("the answer broke off".to_owned())
            }
        })?;
        Ok::<_, Failure>(Reply { status: parts.status, headers: parts.headers, body })
    })
    .await
    .map_err(|_| Failure::TimedOut)??;
    remove_hop_by_hop(&mut reply.headers);
    change::responses(&mut reply, &http.response_changes, call);
    Ok(reply)
}

/// The same, and the answer's body goes on as it comes (API Gateway developer guide, "Set up an HTTP
/// proxy integration with payload response streaming in API Gateway").
pub(super) async fn stream(
    integrations: &Integrations,
    http: &HttpIntegration,
    call: &Call<'_>,
) -> Result<Response<Body>, Failure> {
    let client = client(integrations)?;
    let response = timeout(call.limit, client.request(request(http, call)?)).await;
    let response = response.map_err(|_| Failure::TimedOut)?;
    let mut response = response.map_err(|error| unreachable(&error))?;
    remove_hop_by_hop(response.headers_mut());
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

fn unreachable(error: &legacy::Error) -> Failure {
    let mut reason = error.to_string();
    let mut is_distrusted = false;
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        is_distrusted |= is_bad_certificate(inner);
        source = inner.source();
    }
    if is_distrusted {
        reason.push_str(REMEDY);
    }
    Failure::Unreachable(reason)
}

const REMEDY: &str = "; SSL_CERT_FILE in Samovar's own environment names the authorities to trust";

/// Whether TLS does not take the server's certificate. I/O errors hide what is in them from
/// `source`.
fn is_bad_certificate(mut error: &(dyn std::error::Error + 'static)) -> bool {
    while let Some(inner) = error.downcast_ref().and_then(std::io::Error::get_ref) {
        error = inner;
    }
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// The client, made when the first route needs it.
fn client(integrations: &Integrations) -> Result<&Client, Failure> {
    if let Some(client) = integrations.client.get() {
        return Ok(client);
    }
    let provider = Arc::new(ring::default_provider());
    let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
    let connector = connector.map_err(|error| {
        Failure::Unreachable(format!("this machine has no root certificates: {error}"))
    })?;
    let connector = connector.https_or_http().enable_http1().build();
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    Ok(integrations.client.get_or_init(|| client))
}

fn request(http: &HttpIntegration, call: &Call<'_>) -> Result<Request<Full<Bytes>>, Failure> {
    let mut outgoing = Outgoing {
        headers: headers(call),
        query: call.inbound.query_parameters(call.front),
        path: None,
        path_parameters: own_parameters(call),
    };
    outgoing.apply(&http.changes, call);
    let is_query_changed = outgoing.query != call.inbound.query_parameters(call.front);
    let query = match is_query_changed {
        true => encoded(&outgoing.query),
        false => call.inbound.query.clone(),
    };
    let uri = target(&http.uri, outgoing.path.as_deref(), &outgoing.path_parameters, &query)?;
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.uri_mut() = uri;
    *request.headers_mut() = outgoing.headers;
    let method = http.method.as_deref().and_then(|method| method.parse().ok());
    *request.method_mut() = method.unwrap_or_else(|| call.inbound.method.clone());
    Ok(request)
}

fn own_parameters(call: &Call<'_>) -> Vec<(String, String)> {
    let own = call.parameters.iter();
    own.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The client's headers without those of its connection, and those that API Gateway adds: REST
/// APIs `X-Forwarded-*`, HTTP APIs `Forwarded` and `Via`.
fn headers(call: &Call<'_>) -> HeaderMap {
    let inbound = call.inbound;
    let mut headers = match call.front {
        Front::HttpApi => inbound.headers.clone(),
        Front::RestApi | Front::FunctionUrl => call.headers.clone(),
    };
    // The client writes its own for its server.
    for name in [header::HOST, header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(name);
    }
    if call.front == Front::HttpApi {
        let (peer, host) = (inbound.peer, &inbound.host.authority);
        let peer = if peer.is_ipv6() { format!("\"[{peer}]\"") } else { peer.to_string() };
        let forwarded = format!("for={peer};host={host};proto=http");
        if let Ok(value) = HeaderValue::from_str(&forwarded) {
            headers.append(header::FORWARDED, value);
        }
        let via = HeaderValue::from_static("HTTP/1.1 AmazonAPIGateway");
        headers.append(header::VIA, via);
    }
    headers
}

/// The integration's URI with `{name}` replaced by path parameters, another path, and the query.
fn target(
    uri: &str,
    path: Option<&str>,
    parameters: &[(String, String)],
    query: &str,
) -> Result<Uri, Failure> {
    let mut text = uri.to_owned();
    for (name, value) in parameters {
        text = text.replace(&format!("{{{name}}}"), value);
        text = text.replace(&format!("{{{name}+}}"), value);
    }
    if let Some(path) = path {
        let start = text.find("://").map_or(0, |at| at + 3);
        let end = text[start..].find('/').map_or(text.len(), |at| start + at);
        text = format!("{}/{}", &text[..end], path.trim_start_matches('/'));
    }
    if !query.is_empty() {
        let separator = if text.contains('?') { '&' } else { '?' };
        text = format!("{text}{separator}{query}");
    }
    text.parse().map_err(|_| Failure::Refused(format!("{text:?} is no URI")))
}

fn encoded(query: &[(String, String)]) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let pairs = query.iter().map(|(name, value)| {
        format!(
            "{}={}",
            percent_encode(name.as_bytes(), SET),
            percent_encode(value.as_bytes(), SET)
        )
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_take_path_parameters_and_the_query() {
        let parameters = [("id".to_owned(), "a%20b".to_owned()), ("proxy".into(), "x/y".into())];
        for (uri, path, query, expected) in [
            ("http://a:1/{id}", None, "q=1", "http://a:1/a%20b?q=1"),
            ("http://a/v1/{proxy}", None, "", "http://a/v1/x/y"),
            ("http://a/{proxy+}?k=1", None, "q=1", "http://a/x/y?k=1&q=1"),
            ("http://a/v1", Some("/v2/z"), "", "http://a/v2/z"),
            ("http://a", Some("z"), "", "http://a/z"),
        ] {
            let found = target(uri, path, &parameters, query).map(|uri| uri.to_string());
            assert_eq!(found.ok().as_deref(), Some(expected), "{uri}");
        }
        assert!(target("http://{nobody}/", None, &[], "").is_err());
    }
}
