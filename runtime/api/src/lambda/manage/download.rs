//! Code and layers to be fetched: what `Location` leads to.
//!
//! On AWS that is a presigned URL of S3, which lives for ten minutes (Lambda API reference,
//! "FunctionCodeLocation"). Here it is one of Samovar's own, below `/_samovar/archives`, presigned
//! where calls must be signed.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use samovar_dispatch::{Body, BoxError};
use tokio::task::JoinHandle;

use super::host::{LayerContent, Owner, Packed};
use super::{Functions, Parts, no_resource};
use crate::lambda::error::LambdaError;
use crate::reply;

const PATH: &str = "/_samovar/archives/";

/// "which is valid for 10 minutes".
const LIFE: Duration = Duration::from_secs(600);

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// How a caller reached this port, so that it reaches it again.
pub(crate) struct Origin {
    /// `127.0.0.1:9000`, as in the request's `Host`.
    pub(crate) host: String,
}

/// Whether a path is one of these.
pub(crate) fn is_meant(path: &str) -> bool {
    path.starts_with(PATH)
}

impl Functions {
    /// Where the code of a function's version is fetched.
    pub(super) fn code_location(&self, from: &Origin, name: &str, version: &str) -> String {
        let version = utf8_percent_encode(version, NON_ALPHANUMERIC);
        self.location(from, format!("{PATH}functions/{name}/{version}"))
    }

    /// Where a version of a layer is fetched.
    pub(super) fn layer_location(&self, from: &Origin, name: &str, version: u64) -> String {
        self.location(from, format!("{PATH}layers/{name}/{version}"))
    }

    fn location(&self, from: &Origin, path: String) -> String {
        let Parts { signer, clock, .. } = self.parts();
        match signer {
            None => format!("http://{}{path}", from.host),
            Some(signer) => signer.presign(&from.host, &path, clock.now(), LIFE),
        }
    }

    /// Answers a request for one of these paths.
    pub(crate) async fn fetch(&self, method: &Method, path: &str) -> Response<Body> {
        let opened = match *method {
            Method::GET | Method::HEAD => self.open_archive(path).await,
            _ => Err(no_resource()),
        };
        let opened = match opened {
            Ok(file) => file.metadata().map(|it| (file, it.len())).map_err(|_| no_resource()),
            Err(error) => Err(error),
        };
        let (file, length) = match opened {
            Ok(opened) => opened,
            Err(error) => return error.response(),
        };
        let body = if *method == Method::HEAD { None } else { Some(FileBody::new(file, length)) };
        let body = body.map_or_else(|| samovar_http::full(Bytes::new()), BodyExt::boxed_unsync);
        let mut response = Response::new(body);
        reply::set(&mut response, header::CONTENT_TYPE, "application/zip");
        reply::set(&mut response, header::CONTENT_LENGTH, &length.to_string());
        response
    }

    async fn open_archive(&self, path: &str) -> Result<File, LambdaError> {
        let rest = path.strip_prefix(PATH).unwrap_or_default();
        let parts: Vec<_> =
            rest.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        let host = &self.parts().host;
        let opened = match parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
            ["functions", name, version] => {
                let (record, _) = self.find(name)?;
                let config = record.config(Some(version)).ok_or_else(no_resource)?;
                match (&config.code, &record.template) {
                    (Some(code), _) => {
                        host.archive(Owner::Function(record.name().to_owned()), code).await
                    }
                    (None, Some(_)) => host.pack(Packed::Function(record.function(config))).await,
                    (None, None) => return Err(no_resource()),
                }
            }
            ["layers", name, number] => {
                let record = self.layer(name).ok_or_else(no_resource)?;
                let number = number.parse().map_err(|_| no_resource())?;
                match &record.version(number).ok_or_else(no_resource)?.content {
                    LayerContent::Archive(archive) => {
                        host.archive(Owner::Layer(record.name.clone()), archive).await
                    }
                    LayerContent::Template(id) => host.pack(Packed::Layer(id.clone())).await,
                }
            }
            _ => return Err(no_resource()),
        };
        opened.map_err(|error| {
            LambdaError::ResourceNotFound(format!("The archive cannot be read: {error}"))
        })
    }
}

/// A file as a body, read piece by piece on threads that may wait for the disk.
struct FileBody {
    left: u64,
    step: Step,
}

enum Step {
    Reading(JoinHandle<(File, io::Result<Vec<u8>>)>),
    Over,
}

impl FileBody {
    fn new(file: File, length: u64) -> Self {
        let step = if length == 0 { Step::Over } else { Step::read(file, length) };
        Self { left: length, step }
    }
}

impl Step {
    fn read(mut file: File, left: u64) -> Self {
        Self::Reading(tokio::task::spawn_blocking(move || {
            use std::io::Read as _;

            let mut piece = Vec::new();
            let most = left.min(PIECE as u64);
            let read = (&mut file).take(most).read_to_end(&mut piece);
            (file, read.map(|_| piece))
        }))
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Step::Reading(reading) = &mut self.step else { return Poll::Ready(None) };
        let (file, read) = match ready!(Pin::new(reading).poll(cx)) {
            Ok((file, read)) => (file, read),
            Err(panic) => {
                self.step = Step::Over;
                return Poll::Ready(Some(Err(panic.into())));
            }
        };
        self.step = Step::Over;
        let piece = match read {
            Ok(piece) if piece.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        Poll::Ready(Some(match piece {
            Ok(piece) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                if self.left > 0 {
                    self.step = Step::read(file, self.left);
                }
                Ok(Frame::data(piece.into()))
            }
            Err(error) => Err(Box::from(error)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
