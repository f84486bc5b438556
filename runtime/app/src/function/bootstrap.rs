//! The program of a function whose code has none: `bootstrap` in one of its layers.
//!
//! Lambda looks for it in `/var/task`, where the code is, then in `/opt`, where the layers are
//! (Lambda developer guide, "Building a custom runtime for AWS Lambda").

use crate::model::{Build, Function, Kind, Layer, LayerReference};
use crate::node::Place;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

/// What Lambda starts.
pub(super) const FILE: &str = "bootstrap";

/// Looks into the layers of a function whose folder of code is taken as it is and has no
/// `bootstrap`. Where they cannot be looked into, the function is not run, which is noted; where
/// none has it, that is a fault. `active`: the resources of the template, the layers among them.
pub(crate) fn check<'t>(
    resolver: &Resolver<'t>,
    function: &mut Function,
    layers: &[Layer],
    active: &[&Resource<'t>],
) {
    let files = resolver.report.files;
    let is_program = function.kind == Kind::Process && function.managed().is_none();
    let is_folder = function.not_run.is_none() && function.code.build == Build::Prebuilt;
    if function.layers.is_empty() || !is_program || !is_folder {
        return;
    }
    if files.is_file(&function.code.path.join(FILE)) {
        return;
    }
    let own = resolver.local(&function.logical_id);
    let Some(resource) = active.iter().find(|resource| resource.id == own) else { return };
    let mut without = Vec::new();
    let mut unknown = None;
    for reference in &function.layers {
        let LayerReference::Local(id) = reference else {
            unknown = Some(ELSEWHERE.to_owned());
            continue;
        };
        // Of a layer that is faulty, or another template's, more is said when there is more.
        let Some(layer) = layers.iter().find(|layer| layer.logical_id == *id) else { return };
        let own = resolver.local(id);
        match &layer.path {
            None => unknown = Some(ELSEWHERE.to_owned()),
            // An archive is looked into when it is unpacked.
            Some(path) if files.is_file(path) || files.is_file(&path.join(FILE)) => return,
            Some(_) if is_to_be_built(active, own) => {
                unknown = Some(format!(
                    "its {FILE} would be in the layer {own}, which `sam build` makes: serve \
                     .aws-sam/build/template.yaml"
                ));
            }
            Some(_) => without.push(format!("`{own}`")),
        }
    }
    if let Some(why) = unknown {
        super::note_not_run(resolver.report, resource, &why);
        function.not_run = Some(why);
        return;
    }
    let (at, uri) = written(resolver, resource);
    let layers = match &without[..] {
        [layer] => format!("layer {layer}"),
        layers => format!("layers {}", layers.join(", ")),
    };
    let message =
        format!("{} has no code: neither {uri} nor its {layers} has a {FILE}", resource.id);
    let help = format!(
        "Lambda starts /var/task/{FILE}, which comes from the code, or /opt/{FILE}, which comes \
         from a layer: put one at the top of either"
    );
    resolver.report.fault(Fault::new(at, message).help(help));
}

const ELSEWHERE: &str = "its bootstrap would be in a layer that is not on this machine";

/// Whether a layer is source, of which `sam build` makes what is deployed.
fn is_to_be_built(active: &[&Resource], id: &str) -> bool {
    let resource = active.iter().find(|resource| resource.id == id);
    resource.and_then(|resource| resource.metadata).is_some_and(|metadata| {
        metadata.get("BuildMethod").is_some() && metadata.get("SamResourceId").is_none()
    })
}

/// The property that says where the code is: its place, and its value in words.
fn written<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> (Place, String) {
    let property =
        ["CodeUri", "Code"].into_iter().find_map(|name| resolver.property(resource, name));
    let Some((_, node)) = property else { return (resource.at, "the code".to_owned()) };
    let uri = node.as_str().map_or_else(|| "the code".to_owned(), |uri| format!("`{uri}`"));
    (node.at, uri)
}
