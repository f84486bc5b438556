use http::Request;
use http_body_util::Full;

use super::*;

fn host(authority: &str) -> (String, u16, Option<String>) {
    let host = Host::parse(authority.to_owned());
    let label = host.label().map(str::to_owned);
    (host.name, host.port, label)
}

#[test]
fn hosts_are_names_or_addresses() {
    let some = |label: &str| Some(label.to_owned());
    assert_eq!(host("localhost:3000"), ("localhost".into(), 3000, None));
    assert_eq!(host("127.0.0.1"), ("127.0.0.1".into(), 80, None));
    assert_eq!(host("[::1]:3000"), ("[::1]".into(), 3000, None));
    assert_eq!(host("[::1]"), ("[::1]".into(), 80, None));
    let named = ("ordersapi.localhost".into(), 3000, some("ordersapi"));
    assert_eq!(host("OrdersApi.localhost:3000"), named);
    assert!(Host::parse("abc.execute-api.us-east-1.localhost".into()).is_execute_api());
}

#[test]
fn query_parameters_are_decoded() {
    let uri = "http://x/?a=1&a=b%20c+d&flag&=z&e=%C3%A9";
    let (parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
    let peer = "[::ffff:10.0.0.1]:9".parse().expect("an address");
    let inbound = Inbound::new(parts, peer, SystemTime::UNIX_EPOCH);
    let pairs = inbound.query_parameters();
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("a", "1"), ("a", "b c d"), ("flag", ""), ("", "z"), ("e", "é")]);
    assert_eq!(inbound.peer.to_string(), "10.0.0.1");
    assert_eq!(inbound.headers[header::HOST], "x");
}

#[tokio::test]
async fn bodies_end_at_their_limit() {
    let body = |length| Full::new(Bytes::from(vec![0; length]));
    assert_eq!(read_body(body(10), 10).await.map(|body| body.len()), Ok(10));
    assert_eq!(read_body(body(11), 10).await, Err(BodyError::TooLarge));
    // Without an announced length.
    assert_eq!(read_body(Chunks(3), 10).await, Err(BodyError::TooLarge));
}

/// Frames of five bytes, of unknown number.
struct Chunks(usize);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let frame = self.0.checked_sub(1).map(|left| {
            self.0 = left;
            Ok(http_body::Frame::data(Bytes::from_static(b"12345")))
        });
        std::task::Poll::Ready(frame)
    }
}
