//! REST APIs that pass responses on as they come (API Gateway guide, "Stream the integration response
//! for your proxy integrations in API Gateway").

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::against;
use crate::server::{Server, Shared};
use crate::streaming::first_and_second;
use crate::tools::request;

pub(super) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "conformance::a_REST_API_streams_behind_the_prelude", streams),
        against(server, "conformance::HEAD_of_a_stream_has_its_headers", head),
    ]
}

fn streams(server: &Server) {
    first_and_second(server, "rest", "/stream");
    first_and_second(server, "rest.execute-api", "/Prod/stream");
}

fn head(server: &Server) {
    let answer = request("HEAD", &server.http("/stream"), &[("host", "rest.localhost")], b"");
    assert_eq!((answer.status, answer.header("content-type")), (202, "text/x-pieces"));
    assert!(answer.body.is_empty());
}
