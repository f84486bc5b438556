//! The SAM CLI's settings: `samconfig.toml`.
//!
//! Source: SAM CLI 1.170, samcli/lib/config/samconfig.py and samcli/cli/cli_config_file.py; SAM
//! developer guide, "AWS SAM CLI configuration file".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::{self, Format, Purpose, entries};
use super::overrides::{self, Overrides};
use super::{Diagnostics, Files};
use crate::diagnostic::Diagnostic;
use crate::node::{self, Kind, Map, Node, Value};
use crate::read::Reader;
use crate::report::{Fault, Report};
use crate::suggest::did_you_mean;

/// The environment that counts where none is named.
pub const DEFAULT_ENVIRONMENT: &str = "default";

const PURPOSE: Purpose = Purpose { name: "configuration file", remedy: "--config-file FILE" };

/// Samovar's own section, which the SAM CLI does not know.
const OWN: &str = "samovar";

/// Settings of an environment that say how its application runs here, the first before the next:
/// Samovar's own, those of the commands that run one, those of the one that deploys it (where
/// `sam deploy --guided` leaves the parameters), and what counts for all commands.
const RUNNING: &[&str] = &[OWN, "local_start_api", "local_start_lambda", "deploy", "global"];

/// As [`RUNNING`], for where the template is: what is deployed may be a built or packaged copy,
/// what is built is the source.
const BUILDING: &[&str] = &[OWN, "local_start_api", "local_start_lambda", "build", "global"];

/// What Samovar's own section can say.
const OWN_KEYS: &[&str] = &[
    "env_file",
    "env_vars",
    "jwks",
    "parameter_overrides",
    "region",
    "template",
    "template_file",
    "time_scale",
    "values",
];

/// What Samovar takes from one environment of a samconfig file. Paths are as the file has them:
/// they start where the program runs, as the SAM CLI's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SamConfig {
    /// `template_file`, or `template`.
    pub template: Option<PathBuf>,
    /// `parameter_overrides`: a text in either spelling, a list of them, or a table.
    pub parameters: Overrides,
    /// `region`.
    pub region: Option<String>,
    /// `env_vars`.
    pub env_vars: Option<PathBuf>,
    /// `env_file`, in the section `samovar`.
    pub env_file: Option<PathBuf>,
    /// `values`, in the section `samovar`.
    pub values: Option<PathBuf>,
    /// `time_scale`, in the section `samovar`: more than 0, at most 1.
    pub time_scale: Option<f64>,
    /// `jwks`, in the section `samovar`: files with the keys of issuers of tokens, by issuer.
    pub jwks: BTreeMap<String, PathBuf>,
}

/// Reads one environment (default: [`DEFAULT_ENVIRONMENT`]) of a samconfig file in TOML or YAML,
/// by its extension.
///
/// Each setting is taken from the first section of the environment that has it: `samovar`, which
/// is Samovar's own, `local_start_api`, `local_start_lambda`, `deploy`, `global`; for the template
/// `build` instead of `deploy`. Within a section it stands under `parameters`:
///
/// ```toml
/// version = 0.1
///
/// [default.global.parameters]
/// region = "eu-central-1"
///
/// [default.deploy.parameters]
/// parameter_overrides = "Stage=prod"
///
/// [default.samovar.parameters]
/// parameter_overrides = { Stage = "dev", Zones = ["a", "b"] }
/// ```
///
/// Settings that only mean something to the SAM CLI are passed over.
///
/// # Errors
/// The file cannot be read or parsed, has no `version`, or a setting that is taken is of the wrong
/// type; an environment that is named is not there; the section `samovar` has settings that are
/// unknown.
pub fn samconfig(
    files: &dyn Files,
    path: &Path,
    environment: Option<&str>,
) -> Result<SamConfig, Diagnostics> {
    let Some(format) = Format::of(path) else {
        return Err(Diagnostic {
            file: path.into(),
            mark: None,
            message: "a configuration file with this extension is not read".to_owned(),
            path: None,
            help: Some("name a file that ends in .toml, .yaml or .yml".to_owned()),
        }
        .into());
    };
    let source = document::open(files, path, PURPOSE)?;
    document::take(files, source, format, PURPOSE, |report, root| {
        settings(report, root, environment)
    })
}

/// Whether a text can be an AWS region, or a made-up one: it becomes a part of ARNs and host
/// names.
pub fn is_region(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(is_part)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
}

fn settings(report: &Report, root: &Node, environment: Option<&str>) -> SamConfig {
    let file = entries(report, root, "a configuration file");
    check_version(report, file);
    let name = environment.unwrap_or(DEFAULT_ENVIRONMENT);
    let Some(node) = node::get(file, name) else {
        if environment.is_some() {
            report.fault(unknown_environment(file, name));
        }
        return SamConfig::default();
    };
    let environment = Environment::new(report, entries(report, node, &format!("`{name}`")));
    environment.check_own();
    environment.read()
}

/// The SAM CLI refuses a file without a `version`, and one whose `version` is no decimal number.
fn check_version(report: &Report, file: &Map) {
    let fault = match node::get(file, "version") {
        None if file.is_empty() => return,
        None => Fault::anywhere("the configuration file has no `version`"),
        Some(Node { value: Value::Scalar(Kind::Number, text), .. }) if text.contains('.') => return,
        Some(node) => {
            Fault::new(node.at, format!("`version` must be 0.1, not {}", node.describe()))
        }
    };
    report.fault(fault.help("write `version = 0.1` at the top (YAML: `version: 0.1`)".to_owned()));
}

fn unknown_environment(file: &Map, name: &str) -> Fault {
    let names = file.iter().filter(|(_, node)| node.as_map().is_some());
    let names: Vec<&str> = names.map(|(key, _)| key.name.as_str()).take(20).collect();
    let help = did_you_mean(name, names.iter().copied())
        .or_else(|| (!names.is_empty()).then(|| format!("environments are {}", names.join(", "))));
    let shown: String = name.chars().take(60).collect();
    Fault::anywhere(format!("there is no environment `{shown}`")).help(help)
}

/// One environment's sections.
struct Environment<'r, 'n> {
    report: &'r Report<'r>,
    /// Settings by section, of those that Samovar looks at.
    sections: Vec<(&'static str, &'n Map)>,
}

impl<'r, 'n> Environment<'r, 'n> {
    fn new(report: &'r Report<'r>, environment: &'n Map) -> Self {
        let names = [OWN, "local_start_api", "local_start_lambda", "deploy", "build", "global"];
        let section = |name: &'static str| {
            let section = node::get(environment, name)?;
            let section = entries(report, section, &format!("`{name}`"));
            let settings = node::get(section, "parameters")?;
            Some((name, entries(report, settings, &format!("`parameters` of {name}"))))
        };
        Self { report, sections: names.into_iter().filter_map(section).collect() }
    }

    /// Samovar's own section is read by nobody else, so what is unknown there is a slip.
    fn check_own(&self) {
        let Some((_, own)) = self.sections.iter().find(|(name, _)| *name == OWN) else { return };
        let reader = self.reader(OWN);
        reader.only(own, OWN_KEYS);
    }

    fn read(&self) -> SamConfig {
        SamConfig {
            template: self
                .path(BUILDING, "template_file")
                .or_else(|| self.path(BUILDING, "template")),
            parameters: self
                .setting(RUNNING, "parameter_overrides")
                .map(|(_, node)| overrides::read(self.report, node))
                .unwrap_or_default(),
            region: self.text(RUNNING, "region").and_then(|(node, region)| {
                let is_region = is_region(region);
                if !is_region {
                    let message = format!("{} is no region", node.describe());
                    let help = "write it as `eu-central-1`".to_owned();
                    self.report.fault(Fault::new(node.at, message).help(help));
                }
                is_region.then(|| region.to_owned())
            }),
            env_vars: self.path(RUNNING, "env_vars"),
            env_file: self.path(&[OWN], "env_file"),
            values: self.path(&[OWN], "values"),
            time_scale: self.setting(&[OWN], "time_scale").and_then(|(_, node)| {
                let text = match &node.value {
                    Value::Scalar(_, text) => text.as_ref(),
                    _ => "",
                };
                let scale = text.parse().ok().filter(|scale| *scale > 0.0 && *scale <= 1.0);
                if scale.is_none() {
                    let message = format!("{} is no time scale", node.describe());
                    let help = "write a number that is more than 0 and at most 1".to_owned();
                    self.report.fault(Fault::new(node.at, message).help(help));
                }
                scale
            }),
            jwks: self.jwks(),
        }
    }

    fn jwks(&self) -> BTreeMap<String, PathBuf> {
        let Some((section, node)) = self.setting(&[OWN], "jwks") else { return BTreeMap::new() };
        let reader = self.reader(section);
        let files = reader.map("jwks", node).map(Map::as_slice).unwrap_or_default().iter();
        let files = files.filter_map(|(issuer, file)| {
            Some((issuer.name.clone(), PathBuf::from(reader.text(&issuer.name, file)?)))
        });
        files.collect()
    }

    /// A setting from the first section that has it.
    fn setting(&self, order: &[&str], key: &str) -> Option<(&'static str, &'n Node)> {
        order.iter().find_map(|wanted| {
            let (name, settings) = self.sections.iter().find(|(name, _)| name == wanted)?;
            let node = node::get(settings, key).filter(|node| node.value != Value::Null)?;
            Some((*name, node))
        })
    }

    fn text(&self, order: &[&str], key: &str) -> Option<(&'n Node, &'n str)> {
        let (section, node) = self.setting(order, key)?;
        let text = self.reader(section).text(key, node)?;
        Some((node, text))
    }

    fn path(&self, order: &[&str], key: &str) -> Option<PathBuf> {
        self.text(order, key).map(|(_, path)| PathBuf::from(path))
    }

    fn reader(&self, section: &str) -> Reader<'r> {
        Reader { report: self.report, owner: format!("section {section}") }
    }
}
