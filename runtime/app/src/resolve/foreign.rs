//! Plausible `Ref` and `Fn::GetAtt` values of resources that Samovar does not serve, so that what
//! refers to them still resolves.

use super::{Resolved, Resolver};
use crate::node::{Node, Value};
use crate::template::Resource;

/// What `Ref` of a type gives.
#[derive(Clone, Copy, PartialEq)]
enum Refers {
    Name,
    Arn,
}

/// Types whose ARN or `Ref` is not like most others' (CloudFormation's resource type reference,
/// "Return values"; "ARN format" of the service authorization reference).
const TYPES: &[(&str, Refers, &str)] = &[
    ("AWS::AmazonMQ::Broker", Refers::Name, "mq:REGION:ACCOUNT:broker:NAME:b-0"),
    ("AWS::CloudFormation::Stack", Refers::Arn, "cloudformation:REGION:ACCOUNT:stack/NAME/0"),
    ("AWS::DocDB::DBCluster", Refers::Name, "rds:REGION:ACCOUNT:cluster:NAME"),
    ("AWS::DynamoDB::Table", Refers::Name, "dynamodb:REGION:ACCOUNT:table/NAME"),
    ("AWS::Events::EventBus", Refers::Name, "events:REGION:ACCOUNT:event-bus/NAME"),
    ("AWS::IAM::ManagedPolicy", Refers::Arn, "iam::ACCOUNT:policy/NAME"),
    ("AWS::IAM::Role", Refers::Name, "iam::ACCOUNT:role/NAME"),
    ("AWS::IAM::User", Refers::Name, "iam::ACCOUNT:user/NAME"),
    ("AWS::Logs::LogGroup", Refers::Name, "logs:REGION:ACCOUNT:log-group:NAME:*"),
    ("AWS::MSK::Cluster", Refers::Arn, "kafka:REGION:ACCOUNT:cluster/NAME/0"),
    ("AWS::S3::Bucket", Refers::Name, "s3:::NAME"),
    ("AWS::SNS::Subscription", Refers::Arn, "sns:REGION:ACCOUNT:NAME"),
    ("AWS::SNS::Topic", Refers::Arn, "sns:REGION:ACCOUNT:NAME"),
    ("AWS::Scheduler::Schedule", Refers::Name, "scheduler:REGION:ACCOUNT:schedule/default/NAME"),
    ("AWS::SecretsManager::Secret", Refers::Arn, "secretsmanager:REGION:ACCOUNT:secret:NAME"),
    ("AWS::Serverless::Application", Refers::Arn, "cloudformation:REGION:ACCOUNT:stack/NAME/0"),
    ("AWS::Serverless::SimpleTable", Refers::Name, "dynamodb:REGION:ACCOUNT:table/NAME"),
    ("AWS::Serverless::StateMachine", Refers::Arn, "states:REGION:ACCOUNT:stateMachine:NAME"),
    ("AWS::StepFunctions::StateMachine", Refers::Arn, "states:REGION:ACCOUNT:stateMachine:NAME"),
];

pub(super) fn reference<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> Resolved<String> {
    let name = resolver.name_of(resource)?;
    match TYPES.iter().find(|(kind, _, _)| *kind == resource.kind) {
        Some((_, Refers::Arn, _)) => Ok(arn(resolver, resource.kind, &name)),
        _ => Ok(name),
    }
}

pub(super) fn attribute<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    attribute: &str,
) -> Resolved<Option<Node>> {
    let name = resolver.name_of(resource)?;
    let text = match attribute {
        "DomainName" if resource.kind == "AWS::S3::Bucket" => format!("{name}.s3.amazonaws.com"),
        "StreamArn" => {
            format!("{}/stream/2015-05-11T21:21:33.291", arn(resolver, resource.kind, &name))
        }
        // What is written is what it is: `Value` of a parameter, `TableName` of a table.
        _ if let Some(written) = resource.property(attribute) => {
            let value = resolver.try_resolve(written)?;
            return Ok(Some(value).filter(|node| node.value != Value::Absent));
        }
        _ if attribute.ends_with("Arn") || attribute.ends_with("ARN") => {
            arn(resolver, resource.kind, &name)
        }
        _ if attribute.ends_with("Name") || attribute.ends_with("Id") => name,
        // Nothing plausible can be said of it.
        _ => return Ok(Some(Node::unresolved(format!("{name}.{attribute}"), resource.at))),
    };
    Ok(Some(Node::text(text, resource.at)))
}

fn arn(resolver: &Resolver, kind: &str, name: &str) -> String {
    let form = match TYPES.iter().find(|(known, _, _)| *known == kind) {
        Some((_, _, form)) => (*form).to_owned(),
        None => {
            let mut parts = kind.split("::").skip(1).map(str::to_ascii_lowercase);
            let service = parts.next().unwrap_or_else(|| "custom".to_owned());
            let resource = parts.next().unwrap_or_else(|| "resource".to_owned());
            format!("{service}:REGION:ACCOUNT:{resource}/NAME")
        }
    };
    // The name goes in last: it may itself hold one of the other words.
    let form = form
        .replace("REGION", &resolver.options.region)
        .replace("ACCOUNT", &resolver.options.account_id);
    format!("arn:aws:{}", form.replacen("NAME", name, 1))
}
