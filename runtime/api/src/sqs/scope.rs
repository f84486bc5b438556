//! The account and region that a request is for.
//!
//! The region is the one that the request's host names (`sqs.eu-west-1.localhost`), else that of
//! its credentials' scope, else the default one. The account is the access key id where that has
//! twelve digits, as it is with LocalStack and moto, else the default one. The URL of a queue may
//! say otherwise, see [`address`](super::address).

use std::borrow::Cow;

use http::header;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use samovar_queue::Queues;

use super::address;

/// The queues that a request is for.
pub(crate) fn of(queues: &Queues, parts: &Parts) -> Queues {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let signed = header(header::AUTHORIZATION).and_then(credential).map(Cow::Borrowed);
    let credential = signed.or_else(|| presigned(parts.uri.query()?));
    // `KEY/DATE/REGION/SERVICE/aws4_request`; of the second version's, nothing but a key.
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    let mut credential = credential.iter().flat_map(|text| text.split('/'));
    let (key, region) = (credential.next(), credential.nth(1));
    let named = header(header::HOST).and_then(address::region_of_host);
    queues.in_scope(key, named.or(region))
}

fn credential(authorization: &str) -> Option<&str> {
    let (_, rest) = authorization.split_once("Credential=")?;
    rest.split([',', ' ']).next()
}

fn presigned(query: &str) -> Option<Cow<'_, str>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    percent_decode_str(value).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use http::Request;
    use samovar_queue::Options;

    use super::*;

    fn arn(request: http::request::Builder) -> String {
        let options = Options { ephemeral: true, ..Options::default() };
        let queues = Queues::open(Path::new(""), options).unwrap();
        let (parts, ()) = request.body(()).unwrap().into_parts();
        of(&queues, &parts).arn("q")
    }

    #[tokio::test]
    async fn credentials_and_hosts_tell_the_scope() {
        let signed = |credential: &str| {
            let value = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host");
            Request::post("/").header("authorization", value)
        };
        let host = |host| Request::post("/").header("host", host);
        let presigned =
            |credential| Request::get(format!("/?Action=x&X-Amz-Credential={credential}&y=z"));
        for (request, region, account) in [
            (Request::post("/"), "us-east-1", "000000000000"),
            (signed("AKIA/20260101/eu-west-1/sqs/aws4_request"), "eu-west-1", "000000000000"),
            (signed("123456789012/20260101/x/sqs/aws4_request"), "x", "123456789012"),
            (signed("1234567890123/20260101/X/sqs/aws4_request"), "us-east-1", "000000000000"),
            (signed("/20260101//sqs/aws4_request"), "us-east-1", "000000000000"),
            (signed("123456789012"), "us-east-1", "123456789012"),
            (signed(""), "us-east-1", "000000000000"),
            (presigned("1%2F2%2Feu-west-1%2Fsqs%2Faws4_request"), "eu-west-1", "000000000000"),
            (presigned("123456789012/2/eu-west-1"), "eu-west-1", "123456789012"),
            (presigned("%FF%2F2%2Feu-west-1"), "us-east-1", "000000000000"),
            (host("sqs.eu-west-1.localhost:9000"), "eu-west-1", "000000000000"),
            (host("sqs.localhost:9000"), "us-east-1", "000000000000"),
            (
                signed("AKIA/20260101/eu-west-1/sqs/aws4_request")
                    .header("host", "sqs.eu-west-2.localhost"),
                "eu-west-2",
                "000000000000",
            ),
            (
                Request::post("/").header("authorization", "Bearer token"),
                "us-east-1",
                "000000000000",
            ),
        ] {
            assert_eq!(arn(request), format!("arn:aws:sqs:{region}:{account}:q"));
        }
    }
}
