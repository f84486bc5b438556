//! What a function runs, found at the top of its code or of a layer.
//!
//! Source: Lambda developer guide, "Building a custom runtime for AWS Lambda": `bootstrap` is
//! looked for in `/var/task`, which is the code, then in `/opt`, which is the layers.

use std::path::{Path, PathBuf};

use samovar_app::{App, Build, Function, Kind};

use super::{Artifact, BuildError};

/// The file at the top of the code that is run.
pub(crate) fn file(function: &Function) -> &str {
    match function.kind {
        Kind::Process => "bootstrap",
        Kind::Wasm => &function.handler,
    }
}

/// What runs of code in `root`: its own file, or, of a native function, the `bootstrap` of one of
/// `layers`, of which the last one that has it counts, since a later layer covers an earlier one.
/// `None`: there is neither.
pub(crate) fn find(function: &Function, root: PathBuf, layers: &[PathBuf]) -> Option<Artifact> {
    let file = file(function);
    let own = root.join(file);
    if own.is_file() {
        return Some(Artifact { path: own, root });
    }
    if !runs_its_own_program(function) {
        return None;
    }
    let path = layers.iter().rev().map(|layer| layer.join(file)).find(|path| path.is_file())?;
    Some(Artifact { path, root })
}

/// The same for a function of the template, whose layers are unpacked below `state` where they
/// are wanted. `missing`: what is said of code of a function without layers.
///
/// # Errors
/// There is neither, or a layer cannot be unpacked.
pub(super) fn of_template(
    app: &App,
    function: &Function,
    root: PathBuf,
    state: &Path,
    missing: impl FnOnce(PathBuf) -> BuildError,
) -> Result<Artifact, BuildError> {
    if let Some(own) = find(function, root.clone(), &[]) {
        return Ok(own);
    }
    let layers = super::layers(app, function, state)?;
    if layers.is_empty() {
        return Err(missing(root.join(file(function))));
    }
    find(function, root.clone(), &layers).ok_or_else(|| BuildError::Bootstrap {
        function: function.logical_id.clone(),
        code: root,
        layers: layers.iter().map(|layer| layer.display().to_string()).collect(),
    })
}

/// Whether a function's program may be that of a layer: its code is a folder.
pub(crate) fn may_be_of_layer(function: &Function) -> bool {
    runs_its_own_program(function) && !matches!(function.code.build, Build::Cargo { .. })
}

/// Whether a function is a program: neither a component nor source for a managed runtime.
fn runs_its_own_program(function: &Function) -> bool {
    function.kind == Kind::Process && function.managed().is_none()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use samovar_app::{Memory, Options};

    use super::*;

    const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: tools}}
  Loop: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: loop}}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      {CodeUri: code, Handler: hello, Runtime: provided.al2023, Layers: [!Ref Tools, !Ref Loop]}
";

    /// An application in a folder, whose layer `Loop` had a bootstrap when it was read.
    fn application() -> (tempfile::TempDir, App) {
        let folder = tempfile::tempdir().unwrap();
        for path in ["code", "tools", "loop"] {
            fs::create_dir(folder.path().join(path)).unwrap();
        }
        let mut files = Memory::default();
        files.insert(folder.path().join("template.yaml"), TEMPLATE);
        for file in ["code/hello.cwasm", "tools/jq", "loop/bootstrap"] {
            files.insert(folder.path().join(file), "");
        }
        let template = folder.path().join("template.yaml");
        let app = samovar_app::load_from(&files, &template, &Options::default()).unwrap();
        (folder, app)
    }

    #[test]
    fn the_code_goes_before_layers_and_a_later_layer_before_an_earlier() {
        let (folder, app) = application();
        let function = &app.functions[0];
        let path = |name: &str| folder.path().join(name);
        let found = || {
            let missing = BuildError::NotBuilt;
            of_template(&app, function, path("code"), folder.path(), missing)
        };
        let none = found().unwrap_err().to_string();
        let [code, tools, last] =
            ["code", "tools", "loop"].map(|name| path(name).display().to_string());
        assert_eq!(
            none,
            format!(
                "Hello has no bootstrap: neither its code ({code}, /var/task on AWS) nor a layer \
                 ({tools}, {last}, /opt there) has one at its top; put one into either folder"
            )
        );
        for name in ["tools/bootstrap", "loop/bootstrap", "code/bootstrap"] {
            fs::write(path(name), "").unwrap();
            let found = found().unwrap();
            assert_eq!((found.path, found.root), (path(name), path("code")));
        }
    }

    #[test]
    fn nothing_but_native_functions_has_its_program_in_a_layer() {
        let (folder, app) = application();
        let layers = [folder.path().join("loop")];
        for file in ["bootstrap", "hello.wasm"] {
            fs::write(layers[0].join(file), "").unwrap();
        }
        let mut function = Function::clone(&app.functions[0]);
        let found = |function: &Function| find(function, folder.path().join("code"), &layers);
        assert!(found(&function).is_some());
        function.runtime = "python3.12".to_owned();
        assert!(found(&function).is_none());
        function.runtime = "provided.al2023".to_owned();
        function.kind = Kind::Wasm;
        function.handler = "hello.wasm".to_owned();
        assert!(found(&function).is_none());
    }
}
