//! `SourceAccessConfigurations`: how a mapping signs in at a broker.
//!
//! Source: Lambda API reference, "SourceAccessConfiguration", and what SAM's transform asks of the
//! events (`samtranslator/model/eventsources/pull.py`).

use super::source::Source;
use super::stream::Family;

/// Ways to sign in at Kafka, of which there is one.
const KAFKA_SIGN_IN: &[&str] = &[
    "BASIC_AUTH",
    "CLIENT_CERTIFICATE_TLS_AUTH",
    "IAM_AUTH",
    "IAM_OAUTHBEARER_AUTH",
    "OAUTHBEARER_AUTH",
    "SASL_SCRAM_256_AUTH",
    "SASL_SCRAM_512_AUTH",
];

const KAFKA: &[&str] = &[
    "BASIC_AUTH",
    "CLIENT_CERTIFICATE_TLS_AUTH",
    "IAM_AUTH",
    "IAM_OAUTHBEARER_AUTH",
    "OAUTHBEARER_AUDIENCE",
    "OAUTHBEARER_AUTH",
    "OAUTHBEARER_IDENTITY_POOL",
    "OAUTHBEARER_LOGICAL_CLUSTER",
    "OAUTHBEARER_SCOPE",
    "SASL_SCRAM_256_AUTH",
    "SASL_SCRAM_512_AUTH",
    "SERVER_ROOT_CA_CERTIFICATE",
    "VPC_SECURITY_GROUP",
    "VPC_SUBNET",
];

const NAME: &str = "SourceAccessConfigurations";

/// Kinds and URIs; IAM's have none.
pub(super) fn read(source: &Source, family: Family) -> Vec<(String, String)> {
    let types = match family {
        Family::Kinesis | Family::DynamoDb => return Vec::new(),
        Family::Msk | Family::Kafka => KAFKA,
        Family::Mq => &["BASIC_AUTH", "VIRTUAL_HOST"],
        Family::DocumentDb => &["BASIC_AUTH"],
    };
    if matches!(family, Family::Mq | Family::DocumentDb)
        && source.required(NAME, "add one: `[{Type: BASIC_AUTH, URI: SECRET}]`").is_none()
    {
        return Vec::new();
    }
    let mut access: Vec<(String, String)> = Vec::new();
    let mut is_known = source.get(NAME).is_none_or(|node| !node.is_unresolved());
    for part in source.parts(NAME, &["Type", "URI"]) {
        part.required("Type", "add one: `Type: BASIC_AUTH`");
        let kind = part.choice("Type", types);
        is_known &= kind.is_some();
        let Some(kind) = kind else { continue };
        let uri = if matches!(kind, "IAM_AUTH" | "IAM_OAUTHBEARER_AUTH") {
            part.text("URI", 0..=200).unwrap_or_default()
        } else {
            part.required("URI", "add the ARN of a secret, or what else the type asks for");
            let Some(uri) = part.text("URI", 1..=200) else { continue };
            uri
        };
        access.push((kind.to_owned(), uri));
    }
    if is_known {
        check(source, family, &access);
    }
    access
}

/// What must go together, and what must not.
fn check(source: &Source, family: Family, access: &[(String, String)]) {
    let fault = |what: &str, help: &str| {
        let message = format!("`{NAME}` of {} {what}", source.reader.owner);
        source.fault(source.at(NAME), message, help.to_owned());
    };
    let count =
        |types: &[&str]| access.iter().filter(|(kind, _)| types.contains(&kind.as_str())).count();
    match family {
        Family::Mq | Family::DocumentDb => match count(&["BASIC_AUTH"]) {
            0 => fault("has no `BASIC_AUTH`", "add one: `{Type: BASIC_AUTH, URI: SECRET}`"),
            1 => {}
            _ => fault("has more than one `BASIC_AUTH`", "keep one of them"),
        },
        Family::Kafka => {
            if count(KAFKA_SIGN_IN) > 1 {
                fault("has more than one way to sign in", "keep one of them");
            }
            if (count(&["VPC_SUBNET"]) == 0) != (count(&["VPC_SECURITY_GROUP"]) == 0) {
                let help = "a mapping in a VPC needs `VPC_SUBNET` and `VPC_SECURITY_GROUP`";
                fault("has one of VPC subnet and security group", help);
            }
        }
        _ => {}
    }
}
