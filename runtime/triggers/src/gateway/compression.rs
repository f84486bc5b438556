//! Content codings of REST APIs (API Gateway guide, "Payload compression for REST APIs").
//!
//! What comes compressed is decompressed before a function sees it, whatever the API's settings;
//! what goes is compressed where `MinimumCompressionSize` asks for it.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use samovar_dispatch::Body;
use samovar_http::full;

use super::failure::Failure;

/// What takes longer than a moment is compressed where threads may block.
const LARGE: usize = 64 << 10;

/// The codings that API Gateway knows, beside `identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// The zlib format (RFC 9110, section 8.4.1.2).
    Deflate,
}

impl Coding {
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }

    /// At most one byte more than `limit`, however much there is in it.
    fn decompress(self, bytes: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        let limit = limit as u64 + 1;
        match self {
            Self::Gzip => MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut plain)?,
            Self::Deflate => ZlibDecoder::new(bytes).take(limit).read_to_end(&mut plain)?,
        };
        Ok(plain)
    }
}

/// Whether a request's body has to be decoded.
pub(crate) fn is_coded(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_ENCODING)
}

/// The body without its `Content-Encoding`, which is removed.
///
/// # Errors
/// The coding is unknown or not the body's; the plain body has more bytes than `limit`.
pub(crate) async fn decode(
    headers: &mut HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, Failure> {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    let mut coding = None;
    for name in codings.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let name = std::str::from_utf8(name).map_err(|_| Failure::UnsupportedMediaType)?.trim();
        match Coding::named(name) {
            _ if name.eq_ignore_ascii_case("identity") => {}
            known @ Some(_) if coding.is_none() => coding = known,
            _ => return Err(Failure::UnsupportedMediaType),
        }
    }
    let plain = match coding {
        None => body,
        Some(coding) => {
            let decompress = move || coding.decompress(&body, limit);
            let plain = blocking(limit, decompress).await;
            plain.map_err(|_| Failure::UnsupportedMediaType)?.into()
        }
    };
    if plain.len() > limit {
        return Err(Failure::TooLarge);
    }
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::CONTENT_LENGTH);
    Ok(plain)
}

/// The response, compressed where the client takes that explicitly, it is whole and has at least
/// `minimum` bytes, and is not compressed already.
pub(crate) async fn encode(
    minimum: u32,
    accepted: &HeaderMap,
    response: Response<Body>,
) -> Response<Body> {
    let length = response.body().size_hint().exact();
    let is_long = length.is_some_and(|length| length >= u64::from(minimum) && length > 0);
    let Some(coding) = preferred(accepted).filter(|_| is_long) else { return response };
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // A body of known length is there.
    let plain = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) => {
            let broken = http_body_util::Empty::new().map_err(|never| match never {});
            let broken = broken.with_trailers(async move { Some(Err(error)) });
            return Response::from_parts(head, broken.boxed_unsync());
        }
    };
    let source = plain.clone();
    match blocking(plain.len(), move || coding.compress(&source)).await {
        Ok(compressed) => {
            let name = match coding {
                Coding::Gzip => "gzip",
                Coding::Deflate => "deflate",
            };
            head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, full(compressed))
        }
        // Memory is written to, so there is no reason for one; plain is right, too.
        Err(_) => Response::from_parts(head, full(plain)),
    }
}

/// The coding that a client likes best of those it names: `*` names none.
fn preferred(accepted: &HeaderMap) -> Option<Coding> {
    let values = accepted.get_all(header::ACCEPT_ENCODING);
    let offers = values.iter().filter_map(|value| value.to_str().ok());
    let mut best: Option<(Coding, f32)> = None;
    for offer in offers.flat_map(|value| value.split(',')) {
        let (name, parameters) = offer.split_once(';').unwrap_or((offer, ""));
        let Some(coding) = Coding::named(name) else { continue };
        let quality = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
        let quality = quality.unwrap_or(0.0);
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((coding, quality));
        }
    }
    best.map(|(coding, _)| coding)
}

/// Runs `work` on so many bytes, on a thread that may block if they are many.
async fn blocking(
    bytes: usize,
    work: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> io::Result<Vec<u8>> {
    if bytes < LARGE {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_client_chooses() {
        for (accepted, coding) in [
            ("gzip", Some(Coding::Gzip)),
            ("deflate, gzip", Some(Coding::Deflate)),
            ("deflate;q=0.5, gzip; q=0.8, br", Some(Coding::Gzip)),
            ("GZIP;q=1.0", Some(Coding::Gzip)),
            ("gzip;q=0", None),
            ("gzip;q=x", None),
            ("*", None),
            ("identity", None),
            ("br", None),
            ("", None),
        ] {
            assert_eq!(
                preferred(&headers(header::ACCEPT_ENCODING, accepted)),
                coding,
                "{accepted}"
            );
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
    }

    async fn decoded(coding: &str, body: Vec<u8>, limit: usize) -> Result<Bytes, u16> {
        let mut headers = headers(header::CONTENT_ENCODING, coding);
        let decoded = decode(&mut headers, body.into(), limit).await;
        assert_eq!(decoded.is_ok(), headers.is_empty());
        decoded.map_err(|failure| match failure {
            Failure::UnsupportedMediaType => 415,
            Failure::TooLarge => 413,
            other => panic!("{other:?}"),
        })
    }

    #[tokio::test]
    async fn bodies_are_decoded_within_the_limit() {
        for (name, coding) in [("gzip", Coding::Gzip), ("Deflate", Coding::Deflate)] {
            let packed = coding.compress(&[b'x'; 1000]).unwrap();
            assert_eq!(decoded(name, packed.clone(), 1000).await.unwrap().len(), 1000);
            assert_eq!(decoded(name, packed.clone(), 999).await, Err(413));
            let mut broken = packed.clone();
            broken.truncate(10);
            assert_eq!(decoded(name, broken, 1000).await, Err(415));
            assert_eq!(decoded(name, b"plain".to_vec(), 1000).await, Err(415));
            assert_eq!(decoded("br", packed.clone(), 1000).await, Err(415));
            assert_eq!(decoded(&format!("{name}, {name}"), packed, 1000).await, Err(415));
        }
        assert_eq!(decoded("identity", b"plain".to_vec(), 5).await.unwrap(), "plain");
    }

    /// A gigabyte in a megabyte.
    #[tokio::test]
    async fn a_bomb_does_not_unfold() {
        let zeros = vec![0; 1 << 20];
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..1 << 10 {
            bomb.write_all(&zeros).unwrap();
        }
        assert_eq!(decoded("gzip", bomb.finish().unwrap(), 10 << 20).await, Err(413));
    }

    #[tokio::test]
    async fn responses_are_compressed_from_the_minimum_on() {
        let gzip = headers(header::ACCEPT_ENCODING, "gzip");
        let packed = async |minimum: u32, accepted: &HeaderMap, response: Response<Body>| {
            let response = encode(minimum, accepted, response).await;
            let coding = response.headers().get(header::CONTENT_ENCODING).cloned();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (coding, body)
        };
        let plain = || Response::new(full(vec![b'x'; 100]));
        let (coding, body) = packed(100, &gzip, plain()).await;
        assert_eq!(coding.unwrap(), "gzip");
        assert_eq!(Coding::Gzip.decompress(&body, 100).unwrap(), [b'x'; 100]);
        let mut done = plain();
        done.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        for (minimum, accepted, response, coding) in [
            (101, &gzip, plain(), None),
            (0, &HeaderMap::new(), plain(), None),
            (0, &gzip, Response::new(full("")), None),
            (0, &gzip, done, Some("br")),
        ] {
            let (found, _) = packed(minimum, accepted, response).await;
            assert_eq!(found.as_ref().map(HeaderValue::as_bytes), coding.map(str::as_bytes));
        }
    }
}
