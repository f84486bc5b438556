//! Puts the parts of an application together, resource by resource.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::model::{Function, Places, Queue, Resource as Named, Target, Topic};
use crate::node::Node;
use crate::parts::Parts;
use crate::plain::Links;
use crate::queue::QueueFacts;
use crate::report::{Fault, Report};
use crate::resolve::{GeneratedQueue, Load, Resolver, Scope, is_nested};
use crate::suggest::did_you_mean;
use crate::template::{Resource, Template};
use crate::{api, expand, function, lambda, outputs, property, queue, topic};

/// SAM's resource types.
const SERVERLESS: &[&str] = &[
    "AWS::Serverless::Api",
    "AWS::Serverless::Application",
    "AWS::Serverless::CapacityProvider",
    "AWS::Serverless::Connector",
    "AWS::Serverless::Function",
    "AWS::Serverless::GraphQLApi",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::SimpleTable",
    "AWS::Serverless::StateMachine",
    "AWS::Serverless::WebSocketApi",
];

/// SQS's resource types.
const SQS: &[&str] = &["AWS::SQS::Queue", "AWS::SQS::QueueInlinePolicy", "AWS::SQS::QueuePolicy"];

/// Permissions: nothing is refused here for want of one, so they say nothing about the run.
const PERMISSIONS: &[&str] = &[
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Connector",
];

/// What other things are put under, which does not change what they do.
const GROUPS: &[&str] =
    &["AWS::Events::EventBus", "AWS::Logs::LogGroup", "AWS::Scheduler::ScheduleGroup"];

/// Reads a template with its nested ones, files included and loops unrolled. `parameters` are the
/// values that its parameters are given. `None`: nothing in it can be read.
pub(crate) fn assemble(
    root: &Rc<Node>,
    parameters: &BTreeMap<String, String>,
    load: &Load<'_>,
    scope: Scope,
) -> Option<Parts> {
    let expanded;
    let root = if expand::is_needed(root) {
        let values = Template::values(root, parameters, load.report);
        expanded = expand::expand(root, &Resolver::new(&values, load, scope.clone()))?;
        &expanded
    } else {
        root
    };
    let template = Template::read(root, parameters, load.report)?;
    let resolver = Resolver::new(&template, load, scope);
    Some(resources(&resolver))
}

/// Reads the resources in the order of their needs: names, then queues and APIs, then functions,
/// then what refers to functions, then outputs.
fn resources<'t>(resolver: &Resolver<'t>) -> Parts {
    let Resolver { template, report, load, .. } = *resolver;
    resolver.check_conditions();
    let active: Vec<&'t Resource<'t>> =
        template.resources.iter().filter(|resource| resolver.is_active(resource)).collect();
    for resource in &template.resources {
        check_depends_on(resolver, resource);
    }
    for resource in &active {
        enter(resolver, resource);
    }

    let (mut made_queues, mut topics) = made_destinations(resolver, &active);
    made_queues.extend(resolver.generated_queues().iter().filter_map(|made| {
        let (facts, queue) = queue::generated(resolver, made);
        enter_queue(resolver, made, facts).then_some(queue)
    }));

    let mut unfinished = Vec::new();
    for resource in active.iter().filter(|resource| resource.kind == "AWS::SQS::Queue") {
        if let Some((facts, rest)) = queue::read(resolver, resource) {
            load.queues.borrow_mut().insert(resolver.queue_arn(&facts.name), facts);
            unfinished.push(rest);
        }
    }
    let mut queues: Vec<Queue> = unfinished.into_iter().map(|rest| rest.finish(resolver)).collect();
    queues.extend(made_queues);

    let mut apis = api::read(resolver, &active);
    let web_sockets = api::web_sockets(resolver, &active);

    let (mut functions, mut layers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for resource in &active {
        match resource.kind {
            kind if function::TYPES.contains(&kind) => {
                functions.extend(function::read(resolver, resource, &mut apis));
            }
            kind if lambda::LAYERS.contains(&kind) => {
                layers.extend(lambda::layer(resolver, resource));
            }
            kind if lambda::TYPES.contains(&kind) => {}
            "AWS::SQS::Queue"
            | "AWS::Serverless::HttpApi"
            | "AWS::Serverless::Api"
            | "AWS::Serverless::WebSocketApi" => {}
            kind if PERMISSIONS.contains(&kind) || is_nested(resource) => {}
            kind if GROUPS.contains(&kind) => {}
            _ if api::not_served(resource, report) => {}
            _ => others.push(*resource),
        }
    }
    for resource in active.iter().filter(|resource| lambda::LAYERS.contains(&resource.kind)) {
        lambda::note_layer_build(resolver, resource, &functions);
    }
    for function in &mut functions {
        function::check_bootstrap(resolver, function, &layers, &active);
    }
    let mut attached = lambda::Functions::new(&mut functions);
    for resource in active.iter().filter(|resource| lambda::TYPES.contains(&resource.kind)) {
        lambda::read(resolver, resource, &mut attached);
    }
    let mut links = Links::new(&functions);
    for resource in others {
        if resource.kind == "AWS::SNS::Topic" {
            if let Some((topic, triggers)) = topic::read(resolver, resource) {
                topics.push(topic);
                links.triggers.extend(triggers);
            }
            continue;
        }
        if !links.read(resolver, resource) {
            not_served(resource, report);
        }
    }
    let Links { triggers, subscriptions, queue_targets, .. } = links;
    let keys = std::mem::take(&mut apis.keys);
    let apis = apis.finish(report);
    let outputs = outputs::read(resolver, &apis);
    resolver.check_names();
    let resources = named(resolver, &active, &functions);
    let mut parts = Parts {
        description: template.description.map(str::to_owned),
        functions,
        layers,
        topics,
        queue_targets,
        apis,
        web_sockets,
        api_keys: keys.keys,
        usage_plans: keys.plans,
        queues,
        triggers,
        subscriptions,
        outputs,
        resources,
    };
    for resource in active.iter().filter(|resource| is_nested(resource)) {
        match resolver.child(resource) {
            Ok(child) => child.take().into_iter().for_each(|nested| parts.extend(nested)),
            Err(trouble) => resolver.tell(trouble),
        }
    }
    api::trigger(&parts.apis, &mut parts.functions);
    parts
}

/// Enters a function, queue or topic under its ARN, if its name is its own.
fn enter<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let name = match resolver.name_of(resource) {
        Ok(name) => name,
        Err(trouble) => return resolver.tell(trouble),
    };
    let id = resolver.id(resource.id);
    if lambda::LAYERS.contains(&resource.kind) {
        let arn = |version| resolver.layer_arn(&name, version);
        return resolver.load.targets.insert_layer(id, &name, arn);
    }
    let (arn, target, what, property) = match resource.kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
            (resolver.function_arn(&name), Target::Function(id), "function", "FunctionName")
        }
        "AWS::SQS::Queue" => {
            (resolver.queue_arn(&name), Target::Queue(name.clone()), "queue", "QueueName")
        }
        "AWS::SNS::Topic" => (resolver.topic_arn(&name), Target::Topic(id), "topic", "TopicName"),
        _ => return,
    };
    if !resolver.load.targets.insert(arn, target) {
        let message = format!("another {what} is named `{name}` as {} is", resource.id);
        let help = format!("give each {what} its own `{property}`");
        resolver.report.fault(Fault::new(resource.at, message).help(help));
    }
}

/// Enters the queues and topics that SAM makes for asynchronous invocations.
fn made_destinations<'t>(
    resolver: &Resolver<'t>,
    active: &[&Resource<'t>],
) -> (Vec<Queue>, Vec<Topic>) {
    let (mut queues, mut topics) = (Vec::new(), Vec::new());
    for made in active.iter().flat_map(|resource| resolver.made_destinations(resource)) {
        let logical_id = resolver.id(&made.logical_id);
        let (name, arn) = (made.name(resolver), made.arn(resolver));
        let span = resolver.report.span(made.at);
        let target = if made.is_queue {
            let facts = QueueFacts {
                logical_id: made.logical_id,
                name: name.clone(),
                fifo: false,
                visibility: 30,
                is_generated: true,
            };
            resolver.load.queues.borrow_mut().insert(arn.clone(), facts);
            let url = resolver.queue_url(&name);
            let target = Target::Queue(name.clone());
            let attributes = BTreeMap::new();
            queues.push(Queue { logical_id, name, url, arn: arn.clone(), attributes, span });
            target
        } else {
            let target = Target::Topic(logical_id.clone());
            let subscriptions = Vec::new();
            let arn = arn.clone();
            topics.push(Topic {
                logical_id,
                name,
                arn,
                fifo: false,
                content_based_deduplication: false,
                subscriptions,
                span,
            });
            target
        };
        resolver.load.targets.insert(arn, target);
    }
    (queues, topics)
}

/// Enters a queue that SAM makes for an event; whether its name is its own.
fn enter_queue(resolver: &Resolver, made: &GeneratedQueue, facts: QueueFacts) -> bool {
    let arn = resolver.queue_arn(&made.name);
    let is_new = resolver.load.targets.insert(arn.clone(), Target::Queue(made.name.clone()));
    if is_new {
        resolver.load.queues.borrow_mut().insert(arn, facts);
    } else {
        let message = format!("another queue is named `{}` as SAM's own is", made.name);
        let help = "give the other queue another `QueueName`".to_owned();
        resolver.report.fault(Fault::new(made.at, message).help(help));
    }
    is_new
}

/// The resources as the application lists them.
fn named<'t>(
    resolver: &Resolver<'t>,
    active: &[&Resource<'t>],
    functions: &[Function],
) -> Vec<Named> {
    let placed: HashMap<&str, &Places> =
        functions.iter().map(|function| (function.logical_id.as_str(), &function.places)).collect();
    let named = |resource: &&Resource<'t>| {
        let logical_id = resolver.id(resource.id);
        let reference = resolver.reference_of(resource);
        let reference = reference.map_err(|trouble| resolver.tell(trouble)).ok()?;
        // A function's places were found when it was read.
        let places = placed.get(logical_id.as_str()).map(|places| (*places).clone());
        Some(Named {
            logical_id,
            kind: resource.kind.to_owned(),
            reference,
            span: resolver.report.span(resource.at),
            places: places.unwrap_or_else(|| resolver.places(resource)),
        })
    };
    active.iter().filter_map(named).collect()
}

/// A resource of a type that Samovar does not serve: kept, and named once.
fn not_served(resource: &Resource, report: &Report) {
    let kind = resource.kind;
    let names = |table: &property::Table| table.iter().map(|(name, _)| *name).collect();
    let families: [(&str, Vec<&str>); 4] = [
        ("AWS::ApiGateway::", names(api::REST_TYPES)),
        ("AWS::ApiGatewayV2::", names(api::HTTP_TYPES)),
        ("AWS::SQS::", SQS.to_vec()),
        ("AWS::Serverless::", SERVERLESS.to_vec()),
    ];
    let family = families.iter().find(|(prefix, _)| kind.starts_with(prefix));
    let shown: String = kind.chars().take(80).collect();
    let unknown = match family {
        Some((_, types)) if types.contains(&kind) => None,
        Some((_, types)) => Some(
            did_you_mean(kind, types.iter().copied())
                .unwrap_or_else(|| format!("there are {}", types.join(", "))),
        ),
        // Custom resources are `Custom::Name`, modules `Org::Service::Name::MODULE`.
        None if kind.starts_with("Custom::") || kind.split("::").count() >= 3 => None,
        None => Some("a type is written as `AWS::SQS::Queue`".to_owned()),
    };
    match unknown {
        Some(help) => {
            let message = format!("unknown resource type `{shown}` of {}", resource.id);
            report.fault(Fault::new(resource.kind_at, message).help(help));
        }
        None => {
            let what = format!("Resources.{} ({shown})", resource.id);
            report.note(
                resource.at,
                what,
                "not created: it has a name and ARN, and nothing behind",
            );
        }
    }
}

/// `DependsOn` names resources of the template.
fn check_depends_on(resolver: &Resolver, resource: &Resource) {
    let Resolver { template, report, .. } = *resolver;
    let Some(node) = resource.depends_on else { return };
    let single = std::slice::from_ref(node);
    for node in node.as_list().unwrap_or(single) {
        let fault = match node.as_str() {
            Some(name) if template.resource(name).is_some() => continue,
            Some(name) if resolver.is_implied(name) => continue,
            Some(name) => {
                let shown: String = name.chars().take(60).collect();
                let ids = template.resources.iter().map(|resource| resource.id);
                Fault::new(node.at, format!("there is no resource `{shown}`"))
                    .help(did_you_mean(name, ids))
            }
            None => Fault::new(node.at, "`DependsOn` takes names of resources")
                .help("write one name, or a list of names".to_owned()),
        };
        report.fault(fault);
    }
}
