//! An issuer for tests: keys that are nobody's, tokens, and a server for its documents.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair};
use ring::signature::{RSA_PKCS1_SHA384, RsaPublicKeyComponents};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A key pair, made for these tests with `openssl genpkey`.
pub(crate) struct TestKey(RsaKeyPair);

/// The key of the tests' issuers.
pub(crate) fn key() -> TestKey {
    TestKey(RsaKeyPair::from_pkcs8(include_bytes!("testing/key.pk8")).expect("a key"))
}

/// Somebody else's.
pub(crate) fn other_key() -> TestKey {
    TestKey(RsaKeyPair::from_pkcs8(include_bytes!("testing/other.pk8")).expect("a key"))
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl TestKey {
    /// Its public half as a JWK.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(self.0.public());
        json!({"kty": "RSA", "kid": kid, "use": "sig", "n": encoded(public.n), "e": encoded(public.e)})
    }

    /// A token with this header and these claims, signed as the header says.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let encoding: &dyn RsaEncoding = match header["alg"].as_str() {
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("PS512") => &RSA_PSS_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(encoding, &random, signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", encoded(signature))
    }

    /// A token of the key `one`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": "RS256", "kid": "one"}), claims)
    }
}

/// A server of an issuer's documents.
pub(crate) struct IssuerServer {
    /// The issuer.
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
}

/// What an issuer's server answers to a request for its keys.
#[derive(Clone)]
pub(crate) enum Keys {
    /// This document.
    Are(String),
    /// Nothing, and the connection stays open.
    Hang,
    /// Bytes without end.
    Endless,
    /// A status that is no success.
    Fail,
}

impl IssuerServer {
    /// Serves its discovery document, and what `keys` says for the number of the request, from 0.
    pub(crate) async fn start(keys: impl Fn(usize) -> Keys + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let (counter, keys, own) = (asked.clone(), Arc::new(keys), url.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (counter, keys, own) = (counter.clone(), keys.clone(), own.clone());
                tokio::spawn(async move {
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    let answer = if request.starts_with("GET /.well-known/openid-configuration ") {
                        let document = json!({"issuer": own, "jwks_uri": format!("{own}/keys")});
                        Keys::Are(document.to_string())
                    } else {
                        keys(counter.fetch_add(1, Ordering::SeqCst))
                    };
                    match answer {
                        Keys::Are(document) => {
                            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
                            let answer = format!("{head} {}\r\n\r\n{document}", document.len());
                            let _ = stream.write_all(answer.as_bytes()).await;
                        }
                        Keys::Hang => std::future::pending().await,
                        Keys::Endless => {
                            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\": [";
                            let _ = stream.write_all(head.as_bytes()).await;
                            let block = vec![b' '; 65_536];
                            // Until the other end has enough.
                            while stream.write_all(&block).await.is_ok() {}
                        }
                        Keys::Fail => {
                            let head = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
                            let _ = stream.write_all(head.as_bytes()).await;
                        }
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// How often it was asked for its keys.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
