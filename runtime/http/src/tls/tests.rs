use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use http::{Request, Version};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Reserved, full, serve};

/// A server that answers with the scheme of the request.
fn server(tls: Tls) -> SocketAddr {
    let listeners = Reserved::new(0).unwrap().listen().unwrap().with_tls(Some(tls));
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listeners.port());
    let service = async |request: Request<crate::RequestBody>, _| {
        let scheme = request.extensions().get::<http::uri::Scheme>().unwrap();
        http::Response::new(full(scheme.to_string()))
    };
    let service = move |request, peer| Box::pin(service(request, peer));
    tokio::spawn(serve(listeners, service, CancellationToken::new(), Duration::from_secs(1)));
    address
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn connect(
    address: SocketAddr,
    name: &str,
    trusted: CertificateDer<'static>,
    alpn: &[u8],
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_by_the_clients_choice() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let address = server(authority.issue(names(&["localhost", "127.0.0.1"])).unwrap());
    let trusted = || authority.certificate.clone();
    let request = |uri: &str| Request::get(uri).header("host", "localhost").body(full("")).unwrap();

    let stream = connect(address, "localhost", trusted(), b"h2").await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut response = sender.send_request(request("https://localhost/")).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let body = crate::read_body(response.body_mut(), 10).await.unwrap();
    assert_eq!(body, "https");

    let stream = connect(address, "127.0.0.1", trusted(), b"http/1.1").await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request("/")).await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (Version::HTTP_11, 200));
}

/// Functions that know the plain URL go on.
#[tokio::test]
async fn this_machine_may_go_without_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let address = server(authority.issue(names(&["localhost"])).unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhttp"), "{answer}");
}

#[tokio::test]
async fn others_are_told_to_use_tls() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Authority::open(folder.path()).unwrap().issue(names(&["localhost"])).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let elsewhere = "192.0.2.1:1".parse().unwrap();
    assert!(tls.accept(stream, elsewhere).await.is_err());
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(USE_HTTPS), "{answer}");
}

#[tokio::test]
async fn the_authority_is_kept_and_vouches_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let first = Authority::open(folder.path()).unwrap();
    let mode = std::fs::metadata(folder.path().join("ca-key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    let second = Authority::open(folder.path()).unwrap();
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(first.fingerprint().len(), 32 * 3 - 1);

    let tls = second.issue(names(&["hello.localhost", "evil.example"])).unwrap();
    let address = server(tls);
    let trusted = || first.certificate.clone();
    // The constraint makes the whole certificate bad that has another name, too.
    for name in ["hello.localhost", "evil.example"] {
        connect(address, name, trusted(), b"h2").await.unwrap_err();
    }
    let address = server(second.issue(names(&["hello.localhost"])).unwrap());
    connect(address, "hello.localhost", trusted(), b"h2").await.unwrap();
    connect(address, "other.localhost", trusted(), b"h2").await.unwrap_err();
}

#[test]
fn files_that_are_wrong_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pair = rcgen::generate_simple_self_signed(names(&["localhost"])).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(path("cert.pem"), pair.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), pair.signing_key.serialize_pem()).unwrap();
    std::fs::write(path("other.pem"), other.serialize_pem()).unwrap();
    std::fs::write(path("empty.pem"), "").unwrap();
    Tls::from_files(&path("cert.pem"), &path("key.pem")).unwrap();
    for (certificate, key, named) in [
        ("none.pem", "key.pem", "none.pem: No such file"),
        ("empty.pem", "key.pem", "empty.pem: no certificate in PEM is there"),
        ("key.pem", "key.pem", "key.pem: no certificate in PEM is there"),
        ("cert.pem", "cert.pem", "cert.pem: no private key in PEM is there"),
        ("cert.pem", "other.pem", "the certificate cannot be used with the key"),
    ] {
        let error = Tls::from_files(&path(certificate), &path(key)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
