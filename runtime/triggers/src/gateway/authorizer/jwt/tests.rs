use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::testing::{IssuerServer, Keys, TestKey, encoded, key, other_key};
use super::*;

const NOW: u64 = 1_700_000_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

async fn issuer() -> (Issuer, IssuerServer) {
    let document = json!({"keys": [key().jwk("one")]}).to_string();
    let server = IssuerServer::start(move |_| Keys::Are(document.clone())).await;
    (Issuer::new(&server.url, None), server)
}

fn claims(issuer: &Issuer) -> Value {
    json!({"iss": issuer.name(), "aud": "shop", "exp": NOW + 60, "iat": NOW, "nbf": NOW})
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

/// RFC 7518, section 3.1; "Currently, only RSA-based algorithms are supported" (API Gateway guide,
/// "Control access to HTTP APIs with JWT authorizers").
#[tokio::test]
async fn rsa_signatures_are_verified() {
    let (issuer, _server) = issuer().await;
    for algorithm in ["RS256", "RS384", "PS512"] {
        let header = json!({"alg": algorithm, "kid": "one"});
        let token = key().token_with(&header, &claims(&issuer));
        let verified = verify(&issuer, &token, now()).await;
        assert_eq!(verified.expect("a good token").text("aud"), Some("shop"), "{algorithm}");
        let forged = other_key().token_with(&header, &claims(&issuer));
        assert_eq!(verify(&issuer, &forged, now()).await, Err(TokenError::Signature));
    }
}

/// The attacks of RFC 8725, section 2.
#[tokio::test]
async fn a_token_does_not_choose_how_it_is_verified() {
    let (issuer, _server) = issuer().await;
    let claims = claims(&issuer);
    let signed = |header: Value| key().token_with(&header, &claims);
    let refused = [
        (signed(json!({"alg": "none", "kid": "one"})), TokenError::Algorithm),
        (signed(json!({"alg": "rs256", "kid": "one"})), TokenError::Algorithm),
        (signed(json!({"alg": "ES256", "kid": "one"})), TokenError::Algorithm),
        (signed(json!({"alg": "RS384", "kid": "one", "crit": ["b64"]})), TokenError::Malformed),
        (signed(json!({"kid": "one"})), TokenError::Malformed),
        (signed(json!({"alg": "RS256"})), TokenError::UnknownKey),
        (signed(json!({"alg": "RS256", "kid": "two"})), TokenError::UnknownKey),
    ];
    for (token, error) in refused {
        assert_eq!(verify(&issuer, &token, now()).await, Err(error), "{token}");
    }

    // No signature at all.
    let header = encoded(json!({"alg": "none", "kid": "one"}).to_string());
    let unsigned = format!("{header}.{}.", encoded(claims.to_string()));
    assert_eq!(verify(&issuer, &unsigned, now()).await, Err(TokenError::Algorithm));

    // The public key as the secret of an HMAC.
    let header = encoded(json!({"alg": "HS256", "kid": "one"}).to_string());
    let text = format!("{header}.{}", encoded(claims.to_string()));
    let public = key().jwk("one").to_string();
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
    let forged = format!("{text}.{}", encoded(ring::hmac::sign(&secret, text.as_bytes())));
    assert_eq!(verify(&issuer, &forged, now()).await, Err(TokenError::Algorithm));

    // One algorithm's signature under another's name.
    let token = signed(json!({"alg": "RS256", "kid": "one"}));
    let (_, rest) = token.split_once('.').expect("parts");
    let header = encoded(json!({"alg": "PS256", "kid": "one"}).to_string());
    let changed = format!("{header}.{rest}");
    assert_eq!(verify(&issuer, &changed, now()).await, Err(TokenError::Signature));

    // Changed claims under a good signature.
    let parts: Vec<&str> = token.split('.').collect();
    let richer = encoded(with(claims.clone(), "scope", "admin".into()).to_string());
    let changed = format!("{}.{richer}.{}", parts[0], parts[2]);
    assert_eq!(verify(&issuer, &changed, now()).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let (issuer, server) = issuer().await;
    let huge = format!("{}.{}.{}", encoded("{}"), "a".repeat(1 << 20), encoded("x"));
    let huge_key = TestKey::token_with(
        &key(),
        &json!({"alg": "RS256", "kid": "x".repeat(20_000)}),
        &claims(&issuer),
    );
    for token in ["", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30", &huge, &huge_key] {
        let error = verify(&issuer, token, now()).await.expect_err("no token");
        assert_eq!(error, TokenError::Malformed, "{}", &token[..token.len().min(20)]);
    }
    let list = key().token(&json!(["iss"]));
    assert_eq!(verify(&issuer, &list, now()).await, Err(TokenError::Malformed));
    // Only the last one was a reason to ask.
    assert_eq!(server.asked(), 1);
}

/// API Gateway guide, "Control access to HTTP APIs with JWT authorizers": iss, exp, nbf, iat.
#[tokio::test]
async fn tokens_have_an_issuer_and_a_time() {
    let (issuer, _server) = issuer().await;
    let good = claims(&issuer);
    let cases = [
        ("iss", json!("https://elsewhere.example"), TokenError::Issuer),
        ("iss", json!(format!("{}/", issuer.name())), TokenError::Issuer),
        ("iss", json!([issuer.name()]), TokenError::Issuer),
        ("exp", json!(NOW), TokenError::Expired),
        ("exp", json!(null), TokenError::Expired),
        ("exp", json!("9999999999"), TokenError::Expired),
        ("exp", json!(-1), TokenError::Expired),
        ("nbf", json!(NOW + 1), TokenError::NotYet),
        ("nbf", json!("soon"), TokenError::NotYet),
        ("iat", json!(NOW + 1), TokenError::NotYet),
    ];
    for (name, value, error) in cases {
        let token = key().token(&with(good.clone(), name, value.clone()));
        assert_eq!(verify(&issuer, &token, now()).await, Err(error), "{name} {value}");
    }
    let token = key().token(&with(good, "exp", json!(f64::from(u32::MAX) + 0.5)));
    assert!(verify(&issuer, &token, now()).await.is_ok());
}

/// The same page: aud goes before client_id; one scope of scope or scp is enough.
#[test]
fn audiences_and_scopes() {
    let parse = |value: Value| Claims::parse(value.to_string().as_bytes()).expect("claims");
    let audience = ["shop".to_owned(), "till".to_owned()];
    for (value, fits) in [
        (json!({"aud": "shop"}), true),
        (json!({"aud": ["x", "till"]}), true),
        (json!({"client_id": "till"}), true),
        (json!({"aud": "x", "client_id": "shop"}), false),
        (json!({"aud": []}), false),
        (json!({"aud": "shopping"}), false),
        (json!({"aud": null}), false),
        (json!({}), false),
    ] {
        assert_eq!(parse(value.clone()).check_audience(&audience).is_ok(), fits, "{value}");
    }
    let wanted = ["read".to_owned(), "write".to_owned()];
    for (value, found) in [
        (json!({"scope": "openid write"}), Some(vec!["write"])),
        (json!({"scp": ["read", "write"]}), Some(vec!["read", "write"])),
        (json!({"scope": "reader"}), None),
        (json!({"scope": ["Read"]}), None),
        (json!({}), None),
    ] {
        assert_eq!(parse(value.clone()).scopes(&wanted).ok(), found, "{value}");
    }
    assert_eq!(parse(json!({})).scopes(&[]), Ok(vec![]));
}

/// `cognito:groups` in recorded events of HTTP APIs is `[admins users]`; in those of REST APIs it
/// is `admins,users`, and times are dates.
#[test]
fn claims_are_texts() {
    let value = json!({
        "sub": "ann", "exp": 1_519_421_647, "email_verified": true,
        "cognito:groups": ["admins", "users"],
    });
    let claims = Claims::parse(value.to_string().as_bytes()).expect("claims");
    assert_eq!(
        Value::Object(claims.as_texts()),
        json!({
            "sub": "ann", "exp": "1519421647", "email_verified": "true",
            "cognito:groups": "[admins users]",
        })
    );
    assert_eq!(
        Value::Object(claims.as_pool_texts()),
        json!({
            "sub": "ann", "exp": "Fri Feb 23 21:34:07 UTC 2018", "email_verified": "true",
            "cognito:groups": "admins,users",
        })
    );
}

fn key_set(ids: &[&str]) -> Keys {
    let keys: Vec<Value> = ids.iter().map(|id| key().jwk(id)).collect();
    Keys::Are(json!({"keys": keys}).to_string())
}

/// Keys of the issuer change: a new one is found, and tokens with keys that nobody has do not
/// become requests to the issuer.
#[tokio::test]
async fn new_keys_are_found_and_made_up_ones_ask_once() {
    let server = IssuerServer::start(|asked| match asked {
        0 => key_set(&["one"]),
        _ => key_set(&["one", "two"]),
    })
    .await;
    let issuer = Issuer::new(&server.url, None);
    assert!(issuer.key("one").await.is_ok());
    for made_up in 0..50 {
        assert_eq!(issuer.key(&made_up.to_string()).await.err(), Some(KeyError::Unknown));
    }
    assert_eq!(server.asked(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    assert!(issuer.key("two").await.is_ok());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn many_tokens_ask_once() {
    let (issuer, server) = issuer().await;
    let token = key().token(&claims(&issuer));
    let asked = (0..32).map(|_| {
        let (issuer, token) = (issuer.clone(), token.clone());
        tokio::spawn(async move { verify(&issuer, &token, now()).await.is_ok() })
    });
    for verified in asked.collect::<Vec<_>>() {
        assert!(verified.await.expect("no panic"));
    }
    assert_eq!(server.asked(), 1);
}

/// An issuer that does not answer, that sends without end, that fails, and that sends something
/// else: tokens are refused, and it is not asked again at once.
#[tokio::test]
async fn a_bad_issuer_is_given_up() {
    for bad in [Keys::Hang, Keys::Endless, Keys::Fail, Keys::Are("<html>".into())] {
        let server = IssuerServer::start(move |_| bad.clone()).await;
        let issuer = Issuer::new(&server.url, None);
        for _ in 0..3 {
            let error = issuer.key("one").await.expect_err("no keys");
            assert!(
                matches!(error, KeyError::Unavailable("JWKS communication error", _)),
                "{error}"
            );
        }
        assert_eq!(server.asked(), 1);
    }
    let nobody = Issuer::new("http://127.0.0.1:1", None);
    let error = nobody.key("one").await.expect_err("no keys");
    let short = "OIDC discovery endpoint communication error";
    assert!(matches!(&error, KeyError::Unavailable(found, _) if *found == short), "{error}");
}

/// Known keys stay good while their issuer is away.
#[tokio::test]
async fn an_issuer_may_be_away_for_a_while() {
    let server = IssuerServer::start(|asked| match asked {
        0 => key_set(&["one"]),
        _ => Keys::Fail,
    })
    .await;
    let issuer = Issuer::new(&server.url, None);
    assert!(issuer.key("one").await.is_ok());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3 * 60 * 60)).await;
    tokio::time::resume();
    assert!(issuer.key("one").await.is_ok());
    assert!(matches!(issuer.key("two").await, Err(KeyError::Unavailable(..))));
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn keys_may_be_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.json");
    let issuer = Issuer::new("https://nowhere.example", Some(file.clone()));
    assert!(matches!(issuer.key("one").await, Err(KeyError::Unavailable(..))));
    let issuer = Issuer::new("https://nowhere.example", Some(file.clone()));
    std::fs::write(&file, json!({"keys": [key().jwk("one")]}).to_string()).expect("written");
    let token = key().token(&claims(&issuer));
    assert!(verify(&issuer, &token, now()).await.is_ok());
}

/// RFC 7517: keys for encryption, of other kinds, or without what they need are passed over; a key
/// for one algorithm is for no other; short keys are refused (RFC 7518, section 3.3).
#[test]
fn only_keys_for_signatures_count() {
    let good = key().jwk("good");
    let document = json!({"keys": [
        with(good.clone(), "kid", json!("encryption")).as_object().map(|key| {
            let mut key = key.clone();
            key.insert("use".into(), "enc".into());
            key
        }),
        {"kty": "EC", "kid": "curve", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "RSA", "kid": "half", "n": "AQAB"},
        {"kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB"},
        with(with(good.clone(), "kid", json!("only")), "alg", json!("RS384")),
        42,
        good,
    ]});
    let keys = keys::KeySet::parse(document.to_string().as_bytes()).expect("keys");
    for passed_over in ["encryption", "curve", "secret", "half"] {
        assert!(keys.get(passed_over).is_none(), "{passed_over}");
    }
    let token = key().token(&json!({}));
    let token = Token::parse(&token).expect("a token");
    let verify = |kid: &str| {
        let key = keys.get(kid).expect("a key");
        key.verify(token.algorithm, token.signed.as_bytes(), &token.signature)
    };
    assert_eq!(verify("good"), Ok(()));
    assert_eq!(verify("short"), Err(TokenError::Signature));
    assert_eq!(verify("only"), Err(TokenError::Algorithm));
    assert!(keys::KeySet::parse(b"{}").is_err());
}

#[test]
fn tokens_stand_alone_or_after_bearer() {
    for value in ["abc", "Bearer abc", "bearer   abc", " BEARER abc "] {
        assert_eq!(without_scheme(value), "abc");
    }
    assert_eq!(without_scheme("Basic abc"), "Basic abc");
}
