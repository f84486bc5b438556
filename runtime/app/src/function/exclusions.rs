//! Properties that need one another, and those that cannot stand together.
//!
//! Source: `__validation_rules__`, `_validate_package_type` and
//! `_validate_tenancy_config_compatibility` in the transform's
//! `samtranslator/model/sam_resources.py`; Lambda refuses the same.

use super::Subject;
use crate::node::{self, Node};
use crate::report::Fault;

/// What functions of a kind have nothing to do with: the property that makes them that kind, and
/// those that do not go with it.
const EXCLUSIONS: &[(&str, &[&str])] = &[
    ("CapacityProviderConfig", &["ProvisionedConcurrencyConfig", "VpcConfig"]),
    ("TenancyConfig", &["FunctionUrlConfig", "ProvisionedConcurrencyConfig", "SnapStart"]),
];

/// Event types that functions with tenants may have.
const OF_TENANTS: &[&str] = &["Api", "HttpApi"];

pub(super) fn check(subject: &Subject) {
    let id = subject.resource.id;
    for (kind, excluded) in EXCLUSIONS {
        if subject.has(kind).is_none() {
            continue;
        }
        for name in *excluded {
            if let Some(at) = subject.has(name) {
                let message = format!("{id} has both `{kind}` and `{name}`");
                let help = "keep one of them: AWS refuses the two together".to_owned();
                subject.fault(Fault::new(at, message).help(help));
            }
        }
    }
    if let Some(at) = subject.has("FunctionScalingConfig")
        && subject.has("CapacityProviderConfig").is_none()
    {
        let message = format!("`FunctionScalingConfig` of {id} needs a capacity provider");
        let help = "add a `CapacityProviderConfig`, or remove it".to_owned();
        subject.fault(Fault::new(at, message).help(help));
    }
    check_events(subject);
    check_package(subject);
}

/// Only requests name their tenants.
fn check_events(subject: &Subject) {
    if subject.has("TenancyConfig").is_none() {
        return;
    }
    let events = subject.resource.property("Events").and_then(Node::as_map);
    for (key, event) in events.into_iter().flatten() {
        let kind = event.get("Type").and_then(Node::as_str);
        if let Some(kind) = kind.filter(|kind| !OF_TENANTS.contains(kind)) {
            let shown: String = kind.chars().take(60).collect();
            let message =
                format!("{} has both `TenancyConfig` and {shown} events", subject.resource.id);
            let help = "with tenants, only `Api` and `HttpApi` start a function".to_owned();
            subject.fault(Fault::new(key.at, message).help(help));
        }
    }
}

/// Container images have their own properties.
fn check_package(subject: &Subject) {
    let kind = subject.property("PackageType");
    let kind = kind.as_ref().and_then(|(_, node)| node.as_str()).unwrap_or("Zip");
    let (excluded, goes_with): (&[&str], _) = match kind {
        "Image" => (&["Handler", "Runtime", "Layers"], "Zip"),
        "Zip" => (&["ImageConfig", "ImageUri"], "Image"),
        _ => return,
    };
    let globals = subject.resolver.template.globals.of(subject.resource.kind);
    for name in excluded {
        let Some(at) = subject.has(name) else { continue };
        let message =
            format!("`{name}` of {} goes with `PackageType: {goes_with}`", subject.resource.id);
        let is_global = subject.resource.property(name).is_none();
        let help = match is_global && node::get(globals, name).is_some() {
            true => format!("leave the global one out: `IgnoreGlobals: [{name}]` beside `Type`"),
            false => format!("remove it, or write `PackageType: {goes_with}`"),
        };
        subject.fault(Fault::new(at, message).help(help));
    }
}
