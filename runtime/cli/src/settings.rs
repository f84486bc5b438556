//! What the command line and the files beside a template say of an application, put together.
//!
//! The command line goes before the samconfig file, which goes before defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use samovar_app::config::{self, SamConfig, Skipped};
use samovar_app::{Diagnostics, Disk, Options, Values, VariableOverrides};

use crate::args::Application;

/// An application that can be loaded.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Its template, as it was named.
    pub(crate) template: PathBuf,
    /// What the template cannot say.
    pub(crate) options: Options,
    /// Parts of parameter overrides that say nothing.
    pub(crate) skipped: Vec<Skipped>,
    /// The samconfig file's `time_scale`.
    pub(crate) time_scale: Option<f64>,
    /// The samconfig file's `jwks`.
    pub(crate) jwks: BTreeMap<String, PathBuf>,
}

/// Reads the files that are named, and those that need not be.
///
/// # Errors
/// One of them cannot be read, or has faults.
pub(crate) fn read(given: &Application) -> Result<Settings, Diagnostics> {
    let SamConfig {
        template,
        parameters: configured,
        region,
        env_vars,
        env_file,
        values,
        time_scale,
        jwks,
    } = samconfig(given)?;
    let template = match given.template.clone().or(template) {
        Some(template) => template,
        None => config::find_template(&Disk, Path::new(""))?,
    };
    let parameters = config::parameter_overrides(&Disk, &given.parameter_overrides)?;
    let env_vars = given.env_vars.as_ref().or(env_vars.as_ref());
    let env_file = given.env_file.as_ref().or(env_file.as_ref());
    let variables = variables(env_vars, env_file)?;
    let values = match given.values.as_ref().or(values.as_ref()) {
        Some(path) => config::values(&Disk, path)?,
        None => Values::default(),
    };
    let defaults = Options::default();
    let options = Options {
        region: given.region.clone().or(region).unwrap_or(defaults.region),
        parameters: parameters.values,
        configured: configured.values,
        variables,
        values,
        ..Options::default()
    };
    let skipped = configured.skipped.into_iter().chain(parameters.skipped).collect();
    Ok(Settings { template, options, skipped, time_scale, jwks })
}

/// The samconfig file, which stands beside the template. As with the SAM CLI, a path that is given
/// for it starts from the template's folder, and paths in it start from here.
fn samconfig(given: &Application) -> Result<SamConfig, Diagnostics> {
    let template = given.template.as_deref().unwrap_or(Path::new(""));
    let folder = template.parent().unwrap_or(Path::new(""));
    let environment = given.config_env.as_deref();
    let path = match &given.config_file {
        Some(path) => Some(folder.join(path)),
        None => config::find_samconfig(&Disk, folder),
    };
    match path {
        Some(path) => config::samconfig(&Disk, &path, environment),
        // An environment is asked for, so there must be a file that has it.
        None if environment.is_some() => {
            config::samconfig(&Disk, &folder.join("samconfig.toml"), environment)
        }
        None => Ok(SamConfig::default()),
    }
}

/// Values of variables, those of `env_vars` before those of `env_file`.
fn variables(
    env_vars: Option<&PathBuf>,
    env_file: Option<&PathBuf>,
) -> Result<VariableOverrides, Diagnostics> {
    let shell = |name: &str| std::env::var(name).ok();
    let mut variables = VariableOverrides::default();
    if let Some(path) = env_file {
        variables.all = config::env_file(&Disk, path, &shell)?;
    }
    if let Some(path) = env_vars {
        let more = config::env_vars(&Disk, path, &shell)?;
        variables.all.extend(more.all);
        variables.functions = more.functions;
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A folder with a template and other files.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("template.yaml"), "Resources: {}\n").unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// The application of a folder.
    fn of(folder: &TempDir) -> Application {
        let template = Some(folder.path().join("template.yaml"));
        Application { template, ..Application::default() }
    }

    const SAMCONFIG: &str = "version = 0.1\n\
                             [default.deploy.parameters]\n\
                             region = \"eu-west-1\"\n\
                             parameter_overrides = \"Stage=prod Empty= Size=3\"\n\
                             [test.deploy.parameters]\n\
                             region = \"eu-west-2\"\n";

    #[test]
    fn the_samconfig_file_beside_the_template_counts() {
        let folder = folder(&[("samconfig.toml", SAMCONFIG)]);
        let settings = read(&of(&folder)).unwrap();
        assert_eq!(settings.options.region, "eu-west-1");
        assert_eq!(settings.options.configured["Stage"], "prod");
        let [skipped] = settings.skipped.as_slice() else { panic!("{:?}", settings.skipped) };
        assert_eq!((skipped.text.as_str(), skipped.at.line), ("Empty=", 4));
    }

    #[test]
    fn the_command_line_goes_before_it() {
        let folder = folder(&[("samconfig.toml", SAMCONFIG)]);
        let given = Application {
            region: Some("local".into()),
            parameter_overrides: vec!["Stage=dev".into()],
            ..of(&folder)
        };
        let options = read(&given).unwrap().options;
        assert_eq!(options.region, "local");
        assert_eq!(options.parameters["Stage"], "dev");
        assert_eq!(options.configured["Size"], "3");
        let given = Application { config_env: Some("test".into()), ..of(&folder) };
        assert_eq!(read(&given).unwrap().options.region, "eu-west-2");
    }

    #[test]
    fn a_samconfig_file_is_named_from_the_templates_folder() {
        let folder = folder(&[("other.yaml", "version: 0.1\n"), ("samconfig.toml", "version = x")]);
        let given = Application { config_file: Some("other.yaml".into()), ..of(&folder) };
        assert_eq!(read(&given).unwrap().options, Options::default());
        let given = Application { config_file: Some("nowhere.toml".into()), ..of(&folder) };
        assert!(read(&given).unwrap_err().is_unreadable());
    }

    #[test]
    fn an_environment_needs_a_file() {
        let given = Application { config_env: Some("prod".into()), ..of(&folder(&[])) };
        let faults = read(&given).unwrap_err();
        assert!(faults.is_unreadable());
        assert!(faults.to_string().contains("samconfig.toml: error: there is no such"), "{faults}");
    }

    #[test]
    fn json_goes_before_assignments() {
        let folder = folder(&[
            ("env.json", r#"{"Parameters": {"A": "json"}, "Hello": {"B": "json"}}"#),
            (".env", "A=file\nB=file\n"),
        ]);
        let given = Application {
            env_vars: Some(folder.path().join("env.json")),
            env_file: Some(folder.path().join(".env")),
            ..of(&folder)
        };
        let variables = read(&given).unwrap().options.variables;
        assert_eq!(variables.all["A"], "json");
        assert_eq!(variables.all["B"], "file");
        assert_eq!(variables.functions["Hello"]["B"], "json");
    }
}
