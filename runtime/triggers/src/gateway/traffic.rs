//! What happens around every request of an API: it is logged, decompressed, its response
//! compressed.

use bytes::Bytes;
use http::Response;
use http_body::Body as HttpBody;
use samovar_dispatch::{Body, BoxError};

use super::access_log::Entry;
use super::endpoint::{Endpoints, Front};
use super::failure::Failure;
use super::inbound::Inbound;
use super::{Shared, compression};

/// Whether a request's body has to be decompressed first: REST APIs do that.
pub(super) fn is_coded(endpoints: &Endpoints, inbound: &Inbound, port: Option<&str>) -> bool {
    compression::is_coded(&inbound.headers)
        && endpoints
            .select(inbound, port)
            .is_some_and(|selected| selected.endpoint.front == Front::RestApi)
}

/// The body of such a request as functions get it; the limit counts before and after.
pub(super) async fn decoded<B>(inbound: &mut Inbound, body: B) -> Result<Bytes, Failure>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let limit = Front::RestApi.body_limit();
    let body = inbound.read(body, limit).await?;
    compression::decode(&mut inbound.headers, body, limit).await
}

impl Shared {
    /// Answers a request whose body is as functions get it.
    pub(super) async fn routed<B>(
        &self,
        endpoints: &Endpoints,
        inbound: &Inbound,
        port: Option<&str>,
        body: B,
    ) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let Some(selected) = endpoints.select(inbound, port) else {
            return self.nothing_here(inbound);
        };
        // What is compressed is whole (API Gateway guide, "Stream the integration response for
        // your proxy integrations").
        let minimum = selected.endpoint.minimum_compression.filter(|_| !selected.is_streaming());
        let entry = Entry::begin(self.access_log.get(), &selected, inbound, &self.account);
        let response = self.serve(selected, inbound, body).await;
        let response = match minimum {
            Some(minimum) => compression::encode(minimum, &inbound.headers, response).await,
            None => response,
        };
        match entry {
            Some(entry) => entry.finish(response),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests;
