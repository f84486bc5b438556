//! What sets something of a function: aliases, versions, URLs, asynchronous invocations.

use super::{Belonging, Functions};
use crate::function::{self, Origin, SCALING, UrlSettings};
use crate::report::Fault;
use crate::shape::{Field, Optional, Required, Shape};

const NO_VERSIONS: &str = "no versions and aliases: the newest code is called";

const ALIAS: &[Field] = &[
    Field("Description", Optional, Shape::Text(256)),
    Field("FunctionName", Required, Shape::Text(140)),
    Field("FunctionVersion", Required, Shape::Text(1024)),
    Field("Name", Required, Shape::Text(128)),
    Field("ProvisionedConcurrencyConfig", Optional, Shape::Any),
    Field("RoutingConfig", Optional, Shape::Map(ROUTING)),
];

const ROUTING: &[Field] =
    &[Field("AdditionalVersionWeights", Optional, Shape::List(1, &Shape::Map(WEIGHT)))];

const WEIGHT: &[Field] = &[
    Field("FunctionVersion", Required, Shape::Text(1024)),
    Field("FunctionWeight", Required, Shape::Any),
];

const VERSION: &[Field] = &[
    Field("CodeSha256", Optional, Shape::Text(64)),
    Field("Description", Optional, Shape::Text(256)),
    Field("FunctionName", Required, Shape::Text(140)),
    Field("FunctionScalingConfig", Optional, Shape::Map(SCALING)),
    Field("ProvisionedConcurrencyConfig", Optional, Shape::Any),
    Field("RuntimePolicy", Optional, Shape::Map(RUNTIME_POLICY)),
];

const RUNTIME_POLICY: &[Field] = &[
    Field("RuntimeVersionArn", Optional, Shape::Arn),
    Field("UpdateRuntimeOn", Required, Shape::Text(64)),
];

const URL: &[Field] = &[
    Field("AuthType", Optional, Shape::Any),
    Field("Cors", Optional, Shape::Any),
    Field("InvokeMode", Optional, Shape::Any),
    Field("Qualifier", Optional, Shape::Text(128)),
    Field("TargetFunctionArn", Required, Shape::Text(2048)),
];

const ASYNCHRONOUS: &[Field] = &[
    Field("DestinationConfig", Optional, Shape::Any),
    Field("FunctionName", Required, Shape::Text(140)),
    Field("MaximumEventAgeInSeconds", Optional, Shape::Any),
    Field("MaximumRetryAttempts", Optional, Shape::Any),
    Field("Qualifier", Required, Shape::Text(129)),
];

/// `AWS::Lambda::Alias`.
pub(super) fn alias(belonging: &Belonging, functions: &mut Functions) {
    belonging.check(ALIAS);
    let name = belonging.property("Name");
    let name = name.and_then(|(_, node)| function::alias(&belonging.reader, "Name", &node));
    let provisioned = provisioned(belonging);
    if provisioned.is_some()
        && let Some((key, _)) = belonging.property("RoutingConfig")
    {
        let id = belonging.resource.id;
        let message = format!("{id} has both `ProvisionedConcurrencyConfig` and `RoutingConfig`");
        let help = "keep one of them: AWS refuses the two together".to_owned();
        belonging.fault(Fault::new(key.at, message).help(help));
    }
    if let Some(function) = belonging.function("FunctionName", functions) {
        belonging.note(belonging.resource.at, NO_VERSIONS);
        function.alias = function.alias.take().or(name);
        function.provisioned_concurrency = function.provisioned_concurrency.or(provisioned);
    }
}

/// `AWS::Lambda::Version`.
pub(super) fn version(belonging: &Belonging, functions: &mut Functions) {
    belonging.check(VERSION);
    let provisioned = provisioned(belonging);
    if let Some(function) = belonging.function("FunctionName", functions) {
        belonging.note(belonging.resource.at, NO_VERSIONS);
        function.provisioned_concurrency = function.provisioned_concurrency.or(provisioned);
    }
}

fn provisioned(belonging: &Belonging) -> Option<u32> {
    let (_, node) = belonging.property("ProvisionedConcurrencyConfig")?;
    function::provisioned(&belonging.reader, &node)
}

/// `AWS::Lambda::Url`.
pub(super) fn url(belonging: &Belonging, functions: &mut Functions) {
    belonging.check(URL);
    let Belonging { resolver, resource, reader } = belonging;
    let properties = resolver.resolve_map(resource.properties);
    let settings = UrlSettings::read(reader, resource.id, resource.at, &properties);
    let function = belonging.function("TargetFunctionArn", functions);
    let (Some(settings), Some(function)) = (settings, function) else { return };
    if function.url.is_some() {
        return belonging.note_second(function);
    }
    function.url = Some(settings.at(&function.logical_id, reader, resource.at));
    belonging.place(function, "FunctionUrlConfig");
}

/// `AWS::Lambda::EventInvokeConfig`.
pub(super) fn asynchronous(belonging: &Belonging, functions: &mut Functions) {
    belonging.check(ASYNCHRONOUS);
    let Belonging { resolver, resource, reader } = belonging;
    let properties = resolver.resolve_map(resource.properties);
    let settings = Origin { resolver, reader, function: None }.read(&properties);
    let Some(function) = belonging.function("FunctionName", functions) else { return };
    if function.places.has("EventInvokeConfig") {
        return belonging.note_second(function);
    }
    function.asynchronous = settings;
    belonging.place(function, "EventInvokeConfig");
}
