//! The way from a template's path to the [`App`].

use std::collections::BTreeMap;
use std::path::Path;

use crate::assemble::assemble;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::{Disk, Files};
use crate::model::App;
use crate::node::Node;
use crate::options::Options;
use crate::parts::Parts;
use crate::report::Report;
use crate::resolve::{Load, Scope};
use crate::source::Source;
use crate::yaml;

/// Loads the template at `path`.
///
/// Reads the template and the files that it includes, and looks whether the code that it names is
/// there; nothing else is touched.
///
/// # Errors
/// Every fault that is found in one run, each with its place and what to write instead: a file
/// that cannot be read, text that is not YAML, properties that are unknown, of the wrong type or
/// out of AWS's bounds, intrinsic functions that cannot be resolved, functions without code.
pub fn load(path: &Path, options: &Options) -> Result<App, Diagnostics> {
    load_from(&Disk, path, options)
}

/// As [`load`], with the files from anywhere: the result follows from the arguments alone.
///
/// # Errors
/// As [`load`].
pub fn load_from(files: &dyn Files, path: &Path, options: &Options) -> Result<App, Diagnostics> {
    let source =
        Source::read(files, path, path.into(), "template").map_err(|fault| match fault.mark {
            // What has a place was read.
            Some(_) => (*fault).into(),
            None => Diagnostics::unreadable(*fault),
        })?;
    let absolute = std::path::absolute(path).map_err(|e| Diagnostic {
        file: path.into(),
        mark: None,
        message: format!("the template's folder is not known: {e}"),
        path: None,
        help: Some("give the template's full path: --template PATH".to_owned()),
    })?;
    from_source(files, source, &absolute, options)
}

/// Loads a template that is read already and stands at `path`.
pub(crate) fn from_source(
    files: &dyn Files,
    source: Source,
    path: &Path,
    options: &Options,
) -> Result<App, Diagnostics> {
    let file = source.file.clone();
    let report = Report::new(files, source);
    let load = Load::new(&report, options, assemble);
    let parts = yaml::parse(&report, 0, "template")
        .and_then(|root| assemble(&root, &options.given(&root), &load, Scope::root(path, &file)))
        .map(Parts::connected);
    let not_emulated = report.finish()?;
    match parts {
        Some(parts) => Ok(App {
            template: path.to_owned(),
            description: parts.description,
            functions: parts.functions.into_iter().map(Into::into).collect(),
            layers: parts.layers,
            apis: parts.apis,
            web_sockets: parts.web_sockets,
            api_keys: parts.api_keys,
            usage_plans: parts.usage_plans,
            queues: parts.queues,
            topics: parts.topics,
            queue_targets: parts.queue_targets,
            resources: parts.resources,
            outputs: parts.outputs,
            not_emulated,
        }),
        // Nothing was read, and every way to that reports why; `finish` gave those back above.
        None => Err(Diagnostic {
            file,
            mark: None,
            message: "the template holds nothing that can be read".to_owned(),
            path: None,
            help: None,
        }
        .into()),
    }
}

impl Options {
    /// Values for the parameters of a template: those that are asked for, and those of the
    /// configuration that it declares.
    fn given(&self, root: &Node) -> BTreeMap<String, String> {
        let mut given = self.parameters.clone();
        for (name, value) in &self.configured {
            let declared = root.get("Parameters").is_some_and(|all| all.get(name).is_some());
            if declared && !given.contains_key(name) {
                given.insert(name.clone(), value.clone());
            }
        }
        given
    }
}
