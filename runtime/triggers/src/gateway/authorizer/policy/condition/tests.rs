use std::time::{Duration, SystemTime};

use http::Request;
use serde_json::json;

use super::*;
use crate::gateway::authorizer::iam::Caller;
use crate::gateway::inbound::Inbound;

/// A request from 203.0.113.7 at 2026-07-01T12:00:00Z, with a `User-Agent` and no `Referer`, which
/// `ann` signed.
fn holds(condition: Value) -> bool {
    let request = Request::get("/").header("user-agent", "Tea/1.0 (pot)").body(());
    let (parts, ()) = request.expect("a request").into_parts();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_907_200);
    let inbound = Inbound::new(parts, "203.0.113.7:4711".parse().expect("an address"), at);
    let caller = Caller {
        access_key: "ann".into(),
        account: "123456789012".into(),
        id: "ann".into(),
        arn: "arn:aws:iam::123456789012:user/ann".into(),
    };
    let facts = Facts { inbound: &inbound, caller: Some(&caller) };
    let conditions = read(Some(&condition)).expect("conditions");
    conditions.iter().all(|condition| condition.holds(&facts))
}

/// IAM user guide, "IAM JSON policy elements: Condition operators".
#[test]
fn operators() {
    for (condition, expected) in [
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), true),
        (json!({"IpAddress": {"aws:sourceip": ["10.0.0.0/8", "203.0.113.7"]}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.8"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), true),
        (json!({"StringEquals": {"aws:UserAgent": "Tea/1.0 (pot)"}}), true),
        (json!({"StringEquals": {"aws:UserAgent": "tea/1.0 (pot)"}}), false),
        (json!({"StringEqualsIgnoreCase": {"aws:UserAgent": "TEA/1.0 (POT)"}}), true),
        (json!({"StringNotEquals": {"aws:UserAgent": ["a", "b"]}}), true),
        (json!({"StringLike": {"aws:UserAgent": "Tea/?.*"}}), true),
        (json!({"StringNotLike": {"aws:UserAgent": "Tea/*"}}), false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}), true),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:*:user/ann"}}), false),
        (json!({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), true),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), true),
        (json!({"Bool": {"aws:SecureTransport": true}}), false),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-07-01T11:59:59Z"}}), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2026-07-01"}}), false),
        (json!({"DateLessThanEquals": {"aws:CurrentTime": "2026-07-01T14:00:00+02:00"}}), true),
        (json!({"DateEquals": {"aws:EpochTime": "1782907200"}}), true),
        (json!({"DateNotEquals": {"aws:CurrentTime": "1782907200"}}), false),
        (json!({"NumericLessThan": {"aws:EpochTime": 1_782_907_201}}), true),
        (json!({"NumericGreaterThanEquals": {"aws:EpochTime": "1782907201"}}), false),
        (json!({"NumericEquals": {"aws:UserAgent": "1"}}), false),
        (json!({"Null": {"aws:Referer": "true"}}), true),
        (json!({"Null": {"aws:Referer": "false"}}), false),
        (json!({"Null": {"aws:UserAgent": false}}), true),
        // All that stands there must hold.
        (
            json!({
                "StringLike": {"aws:UserAgent": "Tea*", "aws:PrincipalAccount": "1234*"},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}
            }),
            false,
        ),
        (json!({}), true),
    ] {
        assert_eq!(holds(condition.clone()), expected, "{condition}");
    }
}

/// IAM user guide, "...IfExists condition operators" and "Evaluation logic for multiple context keys
/// or values": a key that the request does not have.
#[test]
fn keys_that_are_not_there() {
    for (condition, expected) in [
        (json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), false),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"StringEqualsIfExists": {"aws:UserAgent": "x"}}), false),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), false),
        (json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}), true),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}), false),
        (json!({"ForAnyValue:StringLike": {"aws:UserAgent": ["a", "Tea*"]}}), true),
    ] {
        assert_eq!(holds(condition.clone()), expected, "{condition}");
    }
}

#[test]
fn what_is_no_condition_is_refused() {
    for condition in [
        json!("x"),
        json!({"StringIs": {"aws:UserAgent": "x"}}),
        json!({"Some:StringEquals": {"aws:UserAgent": "x"}}),
        json!({"NullIfExists": {"aws:UserAgent": "true"}}),
        json!({"StringEquals": "x"}),
        json!({"StringEquals": {"aws:UserAgent": {"a": "b"}}}),
        json!({"StringEquals": {"aws:UserAgent": "${aws:username}"}}),
    ] {
        assert!(read(Some(&condition)).is_err(), "{condition}");
    }
}
