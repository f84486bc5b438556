//! API keys and usage plans of REST APIs.
//!
//! Source: CloudFormation's resource reference, "AWS::ApiGateway::ApiKey", "UsagePlan" and
//! "UsagePlanKey"; SAM developer guide, "ApiUsagePlan", and the transform's
//! `model/api/api_generator.py`.

use std::collections::BTreeMap;

use super::throttle::throttle;
use crate::api::plain::Part;
use crate::api::routes::Apis;
use crate::model::{ApiKey, ApiKeySource, PlannedApi, Quota, QuotaPeriod, UsagePlan};
use crate::node::{Map, Node};
use crate::property::{Effect, Table};
use crate::read::Reader;
use crate::resolve::{API_ID, Resolver, stable_id};
use crate::template::Resource;

const KEY: &Table = &[
    ("CustomerId", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("Enabled", Effect::Read),
    ("GenerateDistinctId", Effect::Accepted),
    ("Name", Effect::Accepted),
    ("StageKeys", Effect::Accepted),
    ("Tags", Effect::Accepted),
    ("Value", Effect::Read),
];

const PLAN: &Table = &[
    ("ApiStages", Effect::Read),
    ("Description", Effect::Accepted),
    ("Quota", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Throttle", Effect::Read),
    ("UsagePlanName", Effect::Accepted),
];

const PLAN_KEY: &Table =
    &[("KeyId", Effect::Read), ("KeyType", Effect::Accepted), ("UsagePlanId", Effect::Read)];

/// Letters and digits of a key that API Gateway makes.
const VALUE: usize = 40;

/// The keys and plans of one template.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<ApiKey>,
    pub(crate) plans: Vec<UsagePlan>,
}

/// `ApiKeySourceType`, and `x-amazon-apigateway-api-key-source` of a definition.
pub(in crate::api) fn key_source(reader: &Reader, name: &str, node: &Node) -> ApiKeySource {
    match reader.choice(name, node, &["HEADER", "AUTHORIZER"]) {
        Some("AUTHORIZER") => ApiKeySource::Authorizer,
        _ => ApiKeySource::Header,
    }
}

impl Keys {
    /// Reads the plain resources. The APIs must be read before.
    pub(in crate::api) fn read<'t>(
        &mut self,
        resolver: &Resolver<'t>,
        active: &[&'t Resource<'t>],
        apis: &Apis,
    ) {
        let of = |kind: &'static str| active.iter().copied().filter(move |r| r.kind == kind);
        for resource in of("AWS::ApiGateway::ApiKey") {
            let part = Part::new(resolver, resource, KEY);
            let id = stable_id(&resolver.id(resource.id), API_ID);
            let value = part.text("Value").map(str::to_owned);
            let enabled = part.get("Enabled");
            let enabled = enabled.and_then(|node| part.reader.boolean("Enabled", node));
            let logical_id = resolver.id(resource.id);
            self.keys.push(key(logical_id, id, value, enabled.unwrap_or(false)));
        }
        for resource in of("AWS::ApiGateway::UsagePlan") {
            let part = Part::new(resolver, resource, PLAN);
            let stages = part.get("ApiStages").and_then(Node::as_list).unwrap_or_default();
            let planned = stages.iter().filter_map(|stage| planned(&part.reader, stage, apis));
            self.plans.push(UsagePlan {
                logical_id: resolver.id(resource.id),
                id: stable_id(&resolver.id(resource.id), API_ID),
                apis: planned.collect(),
                throttle: part.get("Throttle").and_then(|node| limit(&part.reader, node)),
                quota: part.get("Quota").and_then(|node| quota(&part.reader, node)),
                keys: Vec::new(),
            });
        }
        for resource in of("AWS::ApiGateway::UsagePlanKey") {
            let part = Part::new(resolver, resource, PLAN_KEY);
            let key = part.required("KeyId", "name the key: `KeyId: !Ref KEY`");
            let plan = part.required("UsagePlanId", "name the plan: `UsagePlanId: !Ref PLAN`");
            let (Some(key), Some(plan)) = (key, plan) else { continue };
            let key = part.reader.text("KeyId", key);
            let plan = part.reader.text("UsagePlanId", plan);
            let (Some(key), Some(plan)) = (key, plan) else { continue };
            match self.plans.iter_mut().find(|known| known.id == plan) {
                Some(known) => known.keys.push(key.to_owned()),
                None => part.note("its usage plan is not one of this template's: no such key"),
            }
        }
    }
}

/// `UsagePlan` of SAM's REST API `api`: a plan and a key for it, which several APIs share where
/// they are `SHARED`.
pub(in crate::api) fn made_by_sam(resolver: &Resolver, keys: &mut Keys, api: &str, plan: &Map) {
    let reader = &Reader { report: resolver.report, owner: resolver.local(api).to_owned() };
    let get = |name: &str| crate::node::get(plan, name);
    let kind = get("CreateUsagePlan").and_then(Node::as_str);
    let owner = match kind {
        Some("PER_API") => resolver.local(api).to_owned(),
        Some("SHARED") => "Serverless".to_owned(),
        _ => return,
    };
    let planned = PlannedApi { api: api.to_owned(), methods: BTreeMap::new() };
    let logical_id = resolver.id(&format!("{owner}UsagePlan"));
    if let Some(known) = keys.plans.iter_mut().find(|known| known.logical_id == logical_id) {
        known.apis.push(planned);
        return;
    }
    let id = |what: &str| stable_id(&resolver.name(&format!("{owner}{what}")), API_ID);
    let key_id = id("ApiKey");
    let logical_key = resolver.id(&format!("{owner}ApiKey"));
    keys.keys.push(key(logical_key, key_id.clone(), None, true));
    keys.plans.push(UsagePlan {
        logical_id,
        id: id("UsagePlan"),
        apis: vec![planned],
        throttle: get("Throttle").and_then(|node| limit(reader, node)),
        quota: get("Quota").and_then(|node| quota(reader, node)),
        keys: vec![key_id],
    });
}

fn key(logical_id: String, id: String, value: Option<String>, enabled: bool) -> ApiKey {
    let is_generated = value.is_none();
    let value = value.unwrap_or_else(|| stable_id(&format!("{logical_id}/value"), VALUE));
    ApiKey { logical_id, id, value, is_generated, enabled }
}

fn planned(reader: &Reader, stage: &Node, apis: &Apis) -> Option<PlannedApi> {
    let map = reader.map("ApiStages", stage)?;
    reader.only(map, &["ApiId", "Stage", "Throttle"]);
    let id = reader.text("ApiId", stage.get("ApiId")?)?;
    let api = apis[apis.find(id)?].logical_id.clone();
    let methods = stage.get("Throttle").and_then(Node::as_map).map(Map::as_slice);
    let methods = methods.unwrap_or_default().iter();
    let methods = methods.filter_map(|(key, node)| Some((key.name.clone(), limit(reader, node)?)));
    Some(PlannedApi { api, methods: methods.collect() })
}

fn limit(reader: &Reader, node: &Node) -> Option<crate::model::Throttle> {
    let map = reader.map("Throttle", node)?;
    reader.only(map, &["BurstLimit", "RateLimit"]);
    throttle(reader, node, ("RateLimit", "BurstLimit"))
}

fn quota(reader: &Reader, node: &Node) -> Option<Quota> {
    let map = reader.map("Quota", node)?;
    reader.only(map, &["Limit", "Offset", "Period"]);
    let number = |name: &str| {
        node.get(name).and_then(|node| reader.integer(name, node, 0..=u32::MAX, "requests"))
    };
    let period = reader.choice("Period", node.get("Period")?, &["DAY", "WEEK", "MONTH"])?;
    let period = match period {
        "DAY" => QuotaPeriod::Day,
        "WEEK" => QuotaPeriod::Week,
        _ => QuotaPeriod::Month,
    };
    Some(Quota { limit: number("Limit")?, offset: number("Offset").unwrap_or(0), period })
}
