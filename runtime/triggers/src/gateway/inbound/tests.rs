use http::Request;

use super::*;

fn host(authority: &str) -> (String, u16, Option<String>) {
    let host = Host::parse(authority.to_owned(), &Scheme::HTTP);
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
    assert!(
        Host::parse("abc.execute-api.us-east-1.localhost".into(), &Scheme::HTTP).is_execute_api()
    );
}

#[test]
fn query_parameters_are_decoded() {
    let uri = "http://x/?a=1&a=b%20c+d&flag&=z&e=%C3%A9";
    let (parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
    let peer = "[::ffff:10.0.0.1]:9".parse().expect("an address");
    let inbound = Inbound::new(parts, peer, SystemTime::UNIX_EPOCH);
    let pairs = inbound.query_parameters(Front::HttpApi);
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("a", "1"), ("a", "b c d"), ("flag", ""), ("", "z"), ("e", "é")]);
    assert_eq!(inbound.request_line(), "GET /?a=1&a=b%20c+d&flag&=z&e=%C3%A9 HTTP/1.1".len());
    assert_eq!(inbound.peer.to_string(), "10.0.0.1");
    assert_eq!(inbound.headers[header::HOST], "x");
}

/// API Gateway guide, "Amazon API Gateway important notes for REST APIs".
#[test]
fn a_semicolon_separates_in_rest_apis_alone() {
    let (parts, ()) = Request::get("http://x/?a=1;b=2").body(()).expect("a request").into_parts();
    let peer = "10.0.0.1:9".parse().expect("an address");
    let inbound = Inbound::new(parts, peer, SystemTime::UNIX_EPOCH);
    assert_eq!(inbound.query_parameters(Front::HttpApi), [("a".into(), "1;b=2".into())]);
    assert_eq!(inbound.query_parameters(Front::RestApi).len(), 2);
}
