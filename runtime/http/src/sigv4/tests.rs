use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials as Identity;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderValue, Uri, header};
use http_body_util::BodyExt;

use super::*;

/// The key of the guide's examples.
const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// 2015-08-30T12:36:00Z, the moment of the guide's examples.
fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn verifier() -> Verifier {
    let (access_key_id, secret_access_key) = (ID.to_owned(), SECRET.to_owned());
    Verifier::new([Credentials { access_key_id, secret_access_key }])
}

fn request(method: &str, uri: &str, body: &'static str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("host", "example.amazonaws.com");
    request.body(Full::new(Bytes::from_static(body.as_bytes()))).expect("a request")
}

/// Signed by AWS's own crate, in the header or, with seconds to live, in the query.
async fn signed(
    request: Request<Full<Bytes>>,
    key: (&str, &str),
    life: Option<u64>,
) -> Request<Full<Bytes>> {
    let identity = Identity::new(key.0, key.1, None, None, "tests").into();
    let mut settings = SigningSettings::default();
    if let Some(life) = life {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(life));
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("lambda")
        .time(then())
        .settings(settings)
        .build()
        .expect("parameters")
        .into();
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let uri = format!("http://example.amazonaws.com{}", parts.uri);
    let signable = SignableRequest::new(
        parts.method.as_str(),
        uri.clone(),
        headers,
        SignableBody::Bytes(&bytes),
    );
    let (instructions, _) = sign(signable.expect("a request"), &params).expect("it").into_parts();
    let mut request = Request::from_parts(parts, Full::new(bytes));
    *request.uri_mut() = uri.parse().expect("a URI");
    instructions.apply_to_request_http1x(&mut request);
    // As a server gets it.
    let path = request.uri().path_and_query().expect("a path").clone();
    *request.uri_mut() = Uri::from(path);
    request
}

async fn verify(request: Request<Full<Bytes>>, at: SystemTime) -> Result<Bytes, SignatureError> {
    let request = verifier().verify(request, at).await?;
    Ok(request.into_body().collect().await.expect("a body").to_bytes())
}

/// The test suite of AWS's guide, `get-vanilla`: signature and all.
#[tokio::test]
async fn the_guides_example_is_good() {
    let mut request = request("GET", "/", "");
    let headers = request.headers_mut();
    headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    let value = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, \
                 Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
    assert_eq!(verify(request, then()).await, Ok(Bytes::new()));
}

#[tokio::test]
async fn what_awss_own_crate_signs_is_good() {
    for life in [None, Some(60)] {
        for (method, uri, body) in [
            ("GET", "/", ""),
            ("POST", "/2015-03-31/functions/Hello/invocations", r#"{"a":1}"#),
            (
                "POST",
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3AHello/code",
                "x",
            ),
            ("GET", "/2015-03-31/functions/?MaxItems=1&Marker=%C3%A9+%2B%20&Empty=&A", ""),
            ("GET", "/a//b/../c/%7Ed/~e/", ""),
            ("DELETE", "/2017-03-31/tags/x?tagKeys=b&tagKeys=a", ""),
        ] {
            let signed = signed(request(method, uri, body), (ID, SECRET), life).await;
            assert_eq!(verify(signed, then()).await, Ok(body.into()), "{method} {uri} {life:?}");
        }
    }
}

#[tokio::test]
async fn what_is_changed_on_the_way_is_refused() {
    let good = || async { signed(request("POST", "/x?a=1", "body"), (ID, SECRET), None).await };
    let mut body = good().await;
    *body.body_mut() = Full::new(Bytes::from_static(b"Body"));
    let mut path = good().await;
    *path.uri_mut() = Uri::from_static("/y?a=1");
    let mut query = good().await;
    *query.uri_mut() = Uri::from_static("/x?a=2");
    let mut method = good().await;
    *method.method_mut() = http::Method::PUT;
    let mut host = good().await;
    host.headers_mut().insert(header::HOST, HeaderValue::from_static("elsewhere"));
    let mut added = good().await;
    let event = HeaderValue::from_static("Event");
    added.headers_mut().insert("x-amz-invocation-type", event);
    let mut twice = good().await;
    let date = twice.headers()["x-amz-date"].clone();
    twice.headers_mut().append("x-amz-date", date);
    for changed in [body, path, query, method, host, added, twice] {
        assert_eq!(verify(changed, then()).await, Err(SignatureError::Mismatch));
    }
    let presigned = signed(request("GET", "/x", ""), (ID, SECRET), Some(60)).await;
    let longer = presigned.uri().to_string().replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    let mut changed = presigned;
    *changed.uri_mut() = longer.parse().expect("a URI");
    assert_eq!(verify(changed, then()).await, Err(SignatureError::Mismatch));
}

#[tokio::test]
async fn other_keys_are_refused() {
    let wrong = signed(request("GET", "/", ""), (ID, "another"), None).await;
    assert_eq!(verify(wrong, then()).await, Err(SignatureError::Mismatch));
    let unknown = signed(request("GET", "/", ""), ("AKIDOTHER", SECRET), None).await;
    assert_eq!(verify(unknown, then()).await, Err(SignatureError::UnknownKey));
    assert_eq!(verify(request("GET", "/", ""), then()).await, Err(SignatureError::Missing));
}

#[tokio::test]
async fn clocks_may_differ_by_five_minutes() {
    let second = Duration::from_secs(1);
    let five = second * 300;
    for (at, good) in [
        (then() - five, true),
        (then() + five, true),
        (then() - five - second, false),
        (then() + five + second, false),
    ] {
        let result = verify(signed(request("GET", "/", ""), (ID, SECRET), None).await, at).await;
        assert_eq!(result.is_ok(), good);
        if !good {
            assert!(matches!(result, Err(SignatureError::Time(_))), "{result:?}");
        }
    }
    let live = |life| signed(request("GET", "/", ""), (ID, SECRET), Some(life));
    assert!(verify(live(3600).await, then() + five * 2).await.is_ok());
    let over = verify(live(60).await, then() + second * 61).await;
    assert_eq!(over, Err(SignatureError::Expired));
    let ages = verify(live(604_801).await, then()).await;
    assert!(matches!(ages, Err(SignatureError::Incomplete(_))), "{ages:?}");
}

#[tokio::test]
async fn bodies_must_be_signed() {
    for value in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x"] {
        let mut request = request("PUT", "/", "body");
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert("x-amz-content-sha256", value);
        let signed = signed(request, (ID, SECRET), None).await;
        assert_eq!(verify(signed, then()).await, Err(SignatureError::UnsignedPayload));
    }
}

#[tokio::test]
async fn broken_signatures_are_named() {
    for value in [
        "Basic YTpi",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=//////, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/r/s/aws4_request, SignedHeaders=x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/r/s/aws4_request, SignedHeaders=host, \
         Signature=éé",
    ] {
        let mut request = request("GET", "/", "");
        let headers = request.headers_mut();
        headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        headers.insert(header::AUTHORIZATION, value);
        let result = verify(request, then()).await;
        assert!(result.is_err(), "{result:?}");
    }
}

fn signer() -> Signer {
    let credentials =
        Credentials { access_key_id: ID.to_owned(), secret_access_key: SECRET.to_owned() };
    Signer::new(credentials, "us-east-1", "sqs")
}

#[tokio::test]
async fn what_is_signed_here_is_good_and_nothing_else() {
    for (method, url, body) in [
        ("POST", "http://127.0.0.1:9000/", r#"{"a":1}"#),
        ("GET", "http://[::1]:9000/_samovar/queues/a%20b/messages?max=10&x=%2F", ""),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_static("AmazonSQS.SendMessage"));
        headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        let method = http::Method::from_bytes(method.as_bytes()).expect("it is well formed");
        let added = signer()
            .sign(&method, url, &headers, body.as_bytes(), then())
            .expect("it is well formed");
        let send = |body: &'static str| {
            let uri: Uri = url.parse().expect("it is well formed");
            let host = HeaderValue::from_str(uri.authority().expect("it is well formed").as_str())
                .expect("it is well formed");
            let mut request = Request::builder()
                .method(&method)
                .uri(uri)
                .body(Full::new(Bytes::from_static(body.as_bytes())))
                .expect("it is well formed");
            request.headers_mut().extend(headers.clone());
            request.headers_mut().extend(added.clone());
            request.headers_mut().insert(header::HOST, host);
            request
        };
        assert_eq!(verify(send(body), then()).await, Ok(body.into()), "{url}");
        assert_eq!(verify(send("other"), then()).await, Err(SignatureError::Mismatch), "{url}");
    }
    let no_url = signer().sign(&http::Method::GET, "http:// x", &HeaderMap::new(), b"", then());
    assert!(matches!(no_url, Err(SignatureError::Incomplete(_))), "{no_url:?}");
}

#[tokio::test]
async fn a_presigned_url_is_good_for_its_life() {
    let minute = Duration::from_secs(60);
    let url = signer().presign("127.0.0.1:9000", "/_samovar/archives/a/%24LATEST", then(), minute);
    let request = |url: &str| {
        let uri: Uri = url.parse().expect("it is well formed");
        let host = HeaderValue::from_str(uri.authority().expect("it is well formed").as_str())
            .expect("it is well formed");
        Request::get(uri)
            .header(header::HOST, host)
            .body(Full::new(Bytes::new()))
            .expect("it is well formed")
    };
    assert_eq!(verify(request(&url), then()).await, Ok(Bytes::new()));
    let late = then() + minute + Duration::from_secs(1);
    assert_eq!(verify(request(&url), late).await, Err(SignatureError::Expired));
    let other = url.replace("LATEST", "OTHER");
    assert_eq!(verify(request(&other), then()).await, Err(SignatureError::Mismatch));
}
