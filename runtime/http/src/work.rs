//! What the requests of a connection are doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::Version;

/// The requests of a connection.
#[derive(Debug, Default)]
pub(crate) struct Work {
    in_flight: AtomicUsize,
    /// Since the connection's start; it may wrap.
    begun: AtomicUsize,
    /// Whether one of them came by HTTP/1.
    is_http1: AtomicBool,
}

impl Work {
    /// Whether no request runs, and none has begun since the last call with this `seen`.
    pub(crate) fn is_none_since(&self, seen: &mut usize) -> bool {
        let begun = self.begun.load(Ordering::Acquire);
        let is_same = std::mem::replace(seen, begun) == begun;
        is_same && self.is_none()
    }

    /// Whether no request runs.
    pub(crate) fn is_none(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
    }

    /// The protocol's major version, as soon as there was a request.
    pub(crate) fn is_http1(&self) -> Option<bool> {
        let is_known = self.begun.load(Ordering::Acquire) != 0;
        is_known.then(|| self.is_http1.load(Ordering::Acquire))
    }
}

/// A request that runs: until its body is read or given up, and its response is written.
#[derive(Debug)]
pub(crate) struct Working(Arc<Work>);

impl Working {
    pub(crate) fn begin(work: &Arc<Work>, version: Version) -> Self {
        if version < Version::HTTP_2 {
            work.is_http1.store(true, Ordering::Release);
        }
        work.in_flight.fetch_add(1, Ordering::AcqRel);
        work.begun.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(work))
    }
}

impl Clone for Working {
    /// One more part of the same request.
    fn clone(&self) -> Self {
        self.0.in_flight.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
