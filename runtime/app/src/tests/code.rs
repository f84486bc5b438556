//! Where code is and how it is built. No file here is on a disk.

use crate::{App, Build, Diagnostics, Kind, Memory, Options, load_from};

/// Loads `/app/template.yaml` beside these files, which are empty.
fn load(template: &str, files: &[&str]) -> Result<App, Diagnostics> {
    let mut memory = Memory::default();
    for file in files {
        memory.insert(format!("/app/{file}"), "");
    }
    memory.insert("/app/template.yaml", template);
    load_from(&memory, "/app/template.yaml".as_ref(), &Options::default())
}

#[track_caller]
fn app(template: &str, files: &[&str]) -> App {
    load(template, files).unwrap_or_else(|faults| panic!("{faults}"))
}

/// What is said of a template that does not load, with its help.
#[track_caller]
fn faults(template: &str, files: &[&str]) -> Vec<(String, String)> {
    let faults = load(template, files).expect_err("the template loads");
    let text =
        |fault: &crate::Diagnostic| (fault.message.clone(), fault.help.clone().unwrap_or_default());
    faults.iter().map(text).collect()
}

/// A function, `Hello`, with these attributes and properties.
fn hello(metadata: &str, properties: &str) -> String {
    let runs = match properties.contains("Handler") {
        true => "Runtime: provided.al2023",
        false => "Runtime: provided.al2023, Handler: bootstrap",
    };
    format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    \
         Type: AWS::Serverless::Function\n    Metadata: {{{metadata}}}\n    \
         Properties: {{{runs}, {properties}}}\n"
    )
}

/// The path under `/app` and the build of `Hello`.
fn code(app: &App) -> (String, Build) {
    let code = &app.function("Hello").unwrap().code;
    let path = code.path.strip_prefix("/app").unwrap();
    (path.display().to_string(), code.build.clone())
}

#[test]
fn every_build() {
    let cargo = |binary: &str| Build::Cargo { binary: Some(binary.to_owned()) };
    let make = || Build::Make { target: "build-Hello".to_owned() };
    for (metadata, uri, files, expected) in [
        ("", "code/", &["code/bootstrap"][..], Build::Prebuilt),
        ("", "code", &["code/Cargo.toml"], Build::Cargo { binary: None }),
        // What was built last is not what the package is.
        ("", "code", &["code/Cargo.toml", "code/bootstrap"], Build::Cargo { binary: None }),
        ("SkipBuild: true", "code", &["code/Cargo.toml", "code/bootstrap"], Build::Prebuilt),
        ("SkipBuild: 'false'", "code", &["code/Cargo.toml"], Build::Cargo { binary: None }),
        (
            "BuildMethod: rust-cargolambda, BuildProperties: {Binary: my-bin}",
            ".",
            &["Cargo.toml"],
            cargo("my-bin"),
        ),
        ("BuildMethod: makefile", "code", &["code/Makefile"], make()),
        ("BuildMethod: makefile", "code", &["code/Makefile", "code/bootstrap"], make()),
        (
            "BuildMethod: makefile, BuildProperties: {Binary: b}",
            "code",
            &["code/Makefile", "code/Cargo.toml"],
            cargo("b"),
        ),
        // A makefile that nothing names builds nothing.
        ("", "code", &["code/Makefile", "code/bootstrap"], Build::Prebuilt),
        ("BuildMethod: none", "code", &["code/bootstrap"], Build::Prebuilt),
        ("", "code.zip", &["code.zip"], Build::Archive),
        ("BuildMethod: rust-cargolambda", "../app/code.ZIP", &["code.ZIP"], Build::Archive),
    ] {
        let app = app(&hello(metadata, &format!("CodeUri: {uri}")), files);
        assert_eq!(code(&app).1, expected, "{metadata} {uri}");
        assert_eq!(app.functions[0].not_run, None, "{metadata} {uri}");
    }
}

#[test]
fn a_component_is_built_by_its_name() {
    let text = hello("", "CodeUri: code, Handler: my-hello.wasm");
    let package = app(&text, &["code/Cargo.toml"]);
    assert_eq!(code(&package).1, Build::Cargo { binary: Some("my-hello".to_owned()) });
    assert_eq!(package.functions[0].kind, Kind::Wasm);
    assert_eq!(code(&app(&text, &["code/my-hello.wasm"])).1, Build::Prebuilt);
    assert_eq!(
        faults(&text, &["code/bootstrap"])[0].0,
        "Hello has no code: `code` has neither Cargo.toml nor my-hello.wasm"
    );
}

#[test]
fn the_output_of_sam_build_runs_as_it_is() {
    let app = app(
        "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: Greet, Handler: bootstrap, Runtime: provided.al2023}
    Metadata: {BuildMethod: rust-cargolambda, SamResourceId: Greet, BuildProperties: {Binary: greet}}
  Made:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: Made, Handler: bootstrap, Runtime: provided.al2023}
    Metadata: {BuildMethod: makefile, SamResourceId: Made}
  Skipped:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../../code, Handler: bootstrap, Runtime: provided.al2023}
    Metadata: {SkipBuild: true, SamResourceId: Skipped}
",
        &["Greet/bootstrap", "Made/bootstrap", "../code/bootstrap", "../../code/bootstrap"],
    );
    assert!(app.functions.iter().all(|function| function.code.build == Build::Prebuilt));
    assert_eq!(app.functions.len(), 3);
}

#[test]
fn what_cargo_lambda_built_is_found() {
    let text = hello("", "CodeUri: target/lambda/hello/");
    let built = app(&text, &["target/lambda/hello/bootstrap"]);
    assert_eq!(code(&built), ("target/lambda/hello".to_owned(), Build::Prebuilt));
    assert_eq!(
        faults(&text, &[]),
        [(
            "Hello has no code: `target/lambda/hello/` does not exist".to_owned(),
            "build it first with `cargo lambda build --release` (`CodeUri` is taken from the \
             template's folder: /app/target/lambda/hello/)"
                .to_owned()
        )]
    );
}

#[test]
fn one_workspace_has_many_binaries() {
    let function = |id: &str, binary: &str| {
        format!(
            "  {id}:\n    Type: AWS::Serverless::Function\n    Metadata: {{BuildMethod: \
             rust-cargolambda, BuildProperties: {{Binary: {binary}}}}}\n    Properties: {{}}\n"
        )
    };
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: {{CodeUri: ., Handler: \
         bootstrap, Runtime: provided.al2023}}}}\nResources:\n{}{}",
        function("Greet", "greet"),
        function("Audit", "audit_log")
    );
    let app = app(&text, &["Cargo.toml", "greetings/Cargo.toml"]);
    let builds: Vec<_> = app.functions.iter().map(|function| &function.code.build).collect();
    assert_eq!(
        builds,
        [
            &Build::Cargo { binary: Some("greet".to_owned()) },
            &Build::Cargo { binary: Some("audit_log".to_owned()) }
        ]
    );
    assert!(app.functions.iter().all(|function| function.code.path.ends_with("app")));
}

#[test]
fn code_that_is_not_here() {
    let uri = |uri: &str| format!("CodeUri: {uri}");
    for (metadata, properties, build, why) in [
        ("", uri("s3://b/k.zip"), Build::S3("s3://b/k.zip".into()), "code in S3 is not fetched"),
        (
            "",
            uri("{Bucket: b, Key: k, Version: '3'}"),
            Build::S3("s3://b/k".into()),
            "code in S3 is not fetched",
        ),
        (
            "",
            uri("!ImportValue x"),
            Build::S3("{{unresolved:import:x}}".into()),
            "where its code is, is not known",
        ),
        ("", "InlineCode: go".to_owned(), Build::Inline("go".into()), "inline code is not run"),
        (
            "BuildMethod: esbuild",
            uri("code"),
            Build::Prebuilt,
            "the build method esbuild is not run, and bootstrap not built",
        ),
    ] {
        let app = app(&hello(metadata, &properties), &["code/index.mjs"]);
        let function = app.function("Hello").unwrap();
        assert_eq!(function.code.build, build, "{properties}");
        assert_eq!(function.not_run.as_deref(), Some(why), "{properties}");
    }
}

#[test]
fn source_of_managed_runtimes() {
    let esbuild = "the build method esbuild is not run: serve what `sam build` leaves";
    for (metadata, uri, build, not_run) in [
        ("", "code/", Build::Source, None),
        ("BuildMethod: python3.12", "code", Build::Source, None),
        ("BuildMethod: makefile", "made", Build::Make { target: "build-Hello".to_owned() }, None),
        ("SkipBuild: true", "code", Build::Prebuilt, None),
        // `sam build` copies requirements.txt beside the packages that it asked for.
        ("SamResourceId: Hello", "code", Build::Prebuilt, None),
        ("SamResourceId: Hello, BuildMethod: esbuild", "code", Build::Prebuilt, None),
        ("BuildMethod: esbuild", "code", Build::Prebuilt, Some(esbuild)),
        ("", "code.zip", Build::Archive, None),
    ] {
        for runtime in ["python3.12", "nodejs22.x"] {
            let text = format!(
                "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    \
                 Type: AWS::Serverless::Function\n    Metadata: {{{metadata}}}\n    \
                 Properties: {{Runtime: {runtime}, Handler: app.wasm, CodeUri: {uri}}}\n"
            );
            let files = ["code/app.py", "made/Makefile", "made/Cargo.toml", "code.zip"];
            let app = app(&text, &files);
            let function = app.function("Hello").unwrap();
            assert_eq!(function.code.build, build, "{metadata} {uri}");
            assert_eq!(function.not_run.as_deref(), not_run, "{metadata} {uri}");
            // A handler's name says nothing of its kind there.
            assert_eq!(function.kind, Kind::Process);
            assert!(function.managed().is_some());
        }
    }
}

#[test]
fn inline_code_is_source_of_a_managed_runtime() {
    let app = app(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    \
         Type: AWS::Serverless::Function\n    \
         Properties: {Runtime: python3.13, Handler: index.handler, InlineCode: 'x = 1'}\n",
        &[],
    );
    let function = app.function("Hello").unwrap();
    assert_eq!(function.code.build, Build::Inline("x = 1".to_owned()));
    assert_eq!(function.not_run, None);
}

#[test]
fn source_that_is_not_there() {
    let text = |properties: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    \
             Type: AWS::Serverless::Function\n    Metadata: {{BuildMethod: makefile}}\n    \
             Properties: {{Runtime: python3.12, Handler: app.handler, {properties}}}\n"
        )
    };
    let found = faults(&text("CodeUri: nowhere"), &[]);
    assert_eq!(found[0].0, "Hello has no code: `nowhere` does not exist");
    let found = faults(&text("CodeUri: code"), &["code/app.py"]);
    assert_eq!(found[0].0, "Hello has no code: `code` has no Makefile");
}

#[test]
fn images_have_an_address_or_are_built() {
    let image = |metadata: &str, properties: &str| {
        hello(metadata, properties).replace("Runtime: provided.al2023, Handler: bootstrap, ", "")
    };
    let built = app(&image("Dockerfile: Dockerfile, DockerContext: .", "PackageType: Image"), &[]);
    assert_eq!(code(&built).1, Build::Image(None));
    let text = image("", "PackageType: Image, ImageUri: 'repo:v1', ImageConfig: {Command: [a]}");
    assert_eq!(code(&app(&text, &[])).1, Build::Image(Some("repo:v1".to_owned())));
    assert_eq!(
        faults(&image("", "PackageType: Image"), &[]),
        [(
            "Hello has no `ImageUri`".to_owned(),
            "give the image's address, or say under `Metadata` how it is built".to_owned()
        )]
    );
}

#[test]
fn inline_code_goes_before_a_folder() {
    let app = app(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: nowhere}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: x, InlineCode: go}
",
        &[],
    );
    assert_eq!(code(&app).1, Build::Inline("go".to_owned()));
    assert_eq!(
        super::notes(&app),
        [
            "Resources.Hello.CodeUri: not used: `InlineCode` goes before it",
            "Resources.Hello (AWS::Serverless::Function): not run: inline code is not run"
        ]
    );
}

#[test]
fn code_that_should_be_here_and_is_not() {
    for (metadata, uri, message, help) in [
        (
            "",
            "nowhere",
            "Hello has no code: `nowhere` does not exist",
            "`CodeUri` is taken from the template's folder: /app/nowhere",
        ),
        (
            "",
            "code/main.rs",
            "Hello has no code: `code/main.rs` is neither a folder nor a zip archive",
            "give a folder, or a zip archive",
        ),
        (
            "",
            "code",
            "Hello has no code: `code` has neither Cargo.toml nor bootstrap",
            "give the folder of a cargo package, or of a built `bootstrap`",
        ),
        (
            "BuildMethod: rust-cargolambda",
            "code",
            "Hello has no code: `code` has no Cargo.toml",
            "`BuildMethod: rust-cargolambda` needs a cargo package there",
        ),
        (
            "BuildMethod: makefile",
            "code",
            "Hello has no code: `code` has no Makefile",
            "`BuildMethod: makefile` needs a Makefile with the target `build-Hello`",
        ),
        (
            "SkipBuild: true",
            "package",
            "Hello has no code: `package` has neither Cargo.toml nor bootstrap",
            "give the folder of a cargo package, or of a built `bootstrap`",
        ),
        (
            "",
            "{Bucket: b}",
            "`CodeUri` of Hello has no `Key`",
            "AWS refuses it without: add `Key:` and its value",
        ),
    ] {
        let text = hello(metadata, &format!("CodeUri: {uri}"));
        let said = faults(&text, &["code/main.rs", "package/Cargo.toml"]);
        assert_eq!(said, [(message.to_owned(), help.to_owned())], "{metadata} {uri}");
    }
}

/// A plain function, `Hello`, with this code.
fn plain(metadata: &str, code: &str) -> String {
    format!(
        "Resources:\n  Hello:\n    Type: AWS::Lambda::Function\n    Metadata: {{{metadata}}}\n    \
         Properties: {{Runtime: provided.al2023, Handler: bootstrap, Role: 'arn:aws:iam::1:role/r', \
         {code}}}\n"
    )
}

#[test]
fn code_of_plain_functions() {
    let cdk = "'aws:asset:path': asset.1, 'aws:asset:property': Code";
    let stored = "Code: {S3Bucket: b, S3Key: k, S3ObjectVersion: '1'}";
    for (metadata, properties, expected) in [
        ("", "Code: code", Build::Prebuilt),
        ("", "Code: code.zip", Build::Archive),
        ("BuildMethod: makefile", "Code: package", Build::Make { target: "build-Hello".into() }),
        ("", "Code: s3://b/k", Build::S3("s3://b/k".into())),
        ("", stored, Build::S3("s3://b/k".into())),
        ("", "Code: {ZipFile: go}", Build::Inline("go".into())),
        (cdk, stored, Build::Prebuilt),
    ] {
        let text = plain(metadata, properties);
        let files = ["code/bootstrap", "code.zip", "package/Makefile", "asset.1/bootstrap"];
        assert_eq!(code(&app(&text, &files)).1, expected, "{metadata} {properties}");
    }
    for (properties, message) in [
        ("Code: nowhere", "Hello has no code: `nowhere` does not exist"),
        ("Timeout: 3", "Hello has no `Code`"),
        ("Code: {S3Bucket: b}", "`Code` of Hello has no `S3Key`"),
        ("Code: [x]", "`Code` of Hello must be text, not a list"),
    ] {
        assert_eq!(faults(&plain("", properties), &[])[0].0, message);
    }
}

#[test]
fn layers_are_folders_or_archives() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: tools/, LayerName: my-tools}}
  Fonts: {Type: AWS::Lambda::LayerVersion, Properties: {Content: fonts.zip}}
  Stored: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: {Bucket: b, Key: k}}}
  Plain: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k}}}
  Again: {Type: AWS::Lambda::LayerVersion, Properties: {LayerName: my-tools, Content: tools}}
Outputs:
  Tools: {Value: !Ref Tools}
  Again: {Value: !GetAtt Again.LayerVersionArn}
";
    let layers = app(text, &["tools/bin/jq", "fonts.zip"]);
    let found: Vec<_> = layers
        .layers
        .iter()
        .map(|layer| {
            let path = layer.path.as_ref().map(|path| path.display().to_string());
            (layer.logical_id.as_str(), layer.arn.rsplit("layer:").next().unwrap(), path)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Tools", "my-tools:1", Some("/app/tools/".to_owned())),
            ("Fonts", "Fonts:1", Some("/app/fonts.zip".to_owned())),
            ("Stored", "Stored:1", None),
            ("Plain", "Plain:1", None),
            ("Again", "my-tools:2", Some("/app/tools".to_owned())),
        ]
    );
    let outputs: Vec<_> = layers.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(
        outputs,
        [
            "arn:aws:lambda:us-east-1:000000000000:layer:my-tools:1",
            "arn:aws:lambda:us-east-1:000000000000:layer:my-tools:2"
        ]
    );
    assert_eq!(
        super::notes(&layers),
        [
            "Resources.Stored (AWS::Serverless::LayerVersion): s3://b/k is not fetched",
            "Resources.Plain (AWS::Lambda::LayerVersion): s3://b/k is not fetched",
        ]
    );
    let said: Vec<_> = faults(text, &["tools"]).into_iter().map(|(message, _)| message).collect();
    assert_eq!(
        said,
        [
            "Tools has no content: `tools/` is neither a folder nor a zip archive",
            "Fonts has no content: `fonts.zip` does not exist",
            "Again has no content: `tools` is neither a folder nor a zip archive",
        ]
    );
}

/// What runs WASM functions on AWS is not wanted here, so it is not missed.
#[test]
fn a_layer_that_is_not_built_is_told_to_who_has_it() {
    let text = |layers: &str| {
        format!(
            "
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: provided.al2023, CodeUri: code}}}}
Resources:
  Tools:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: makefile}}
    Properties: {{ContentUri: tools/}}
  Wasm: {{Type: 'AWS::Serverless::Function', Properties: {{Handler: a.wasm, Layers: [!Ref Tools]}}}}
  Native: {{Type: 'AWS::Serverless::Function', Properties: {{Handler: bootstrap, Layers: {layers}}}}}
"
        )
    };
    let files = ["tools/Makefile", "code/a.wasm", "code/bootstrap"];
    assert!(super::notes(&app(&text("[]"), &files)).is_empty());
    assert_eq!(
        super::notes(&app(&text("[!Ref Tools]"), &files)),
        ["Resources.Tools.Metadata.BuildMethod: not run: the layer's folder is taken as it is"]
    );
}

/// A function without a program, and layers: `/var/task/bootstrap`, then `/opt/bootstrap`.
#[test]
fn a_bootstrap_may_be_in_a_layer() {
    let text = |layers: &str, metadata: &str| {
        format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: tools/}}}}
  Loop: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: loop/}}}}
  Zip: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: loop.zip}}}}
  Stored: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: 's3://b/k'}}}}
  Source:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: makefile}}
    Properties: {{ContentUri: tools/}}
  Hello:
    Type: AWS::Serverless::Function
    Metadata: {{{metadata}}}
    Properties:
      {{CodeUri: code/, Handler: hello, Runtime: provided.al2023, Layers: [{layers}]}}
"
        )
    };
    let files = ["code/hello.cwasm", "tools/bin/jq", "loop/bootstrap", "loop.zip"];
    let of_sam = "BuildMethod: makefile, SamResourceId: Hello";
    for metadata in ["", of_sam] {
        for layers in ["!Ref Loop", "!Ref Tools, !Ref Loop", "!Ref Tools, !Ref Zip"] {
            let app = app(&text(layers, metadata), &files);
            assert_eq!(code(&app), ("code".to_owned(), Build::Prebuilt), "{layers}");
            assert_eq!(app.functions[0].not_run, None, "{layers}");
        }
        for (layers, why) in [
            ("!Ref Stored", "its bootstrap would be in a layer that is not on this machine"),
            (
                "'arn:aws:lambda:us-east-1:123456789012:layer:loop:4', !Ref Tools",
                "its bootstrap would be in a layer that is not on this machine",
            ),
            (
                "!Ref Source",
                "its bootstrap would be in the layer Source, which `sam build` makes: serve \
                 .aws-sam/build/template.yaml",
            ),
        ] {
            let app = app(&text(layers, metadata), &files);
            assert_eq!(app.functions[0].not_run.as_deref(), Some(why), "{layers}");
            let note = format!("Resources.Hello (AWS::Serverless::Function): not run: {why}");
            assert!(super::notes(&app).contains(&note), "{:?}", super::notes(&app));
        }
    }
    let none = "Hello has no code: neither `code/` nor its layer `Tools` has a bootstrap";
    let help = "Lambda starts /var/task/bootstrap, which comes from the code, or /opt/bootstrap, \
                which comes from a layer: put one at the top of either";
    let told = faults(&text("!Ref Tools", ""), &files);
    assert_eq!(told, [(none.to_owned(), help.to_owned())]);
    let two =
        faults(&text("!Ref Tools, !Ref Loop", ""), &["code/a", "tools/b", "loop/c", "loop.zip"]);
    assert!(two[0].0.contains("nor its layers `Tools`, `Loop` has"), "{two:?}");
    let without = faults(&text("", ""), &files);
    assert_eq!(without[0].0, "Hello has no code: `code/` has neither Cargo.toml nor bootstrap");
    // A component needs none: its layer is for AWS alone.
    let wasm = text("!Ref Tools", "").replace("Handler: hello", "Handler: hello.wasm");
    assert!(faults(&wasm, &files)[0].0.ends_with("has neither Cargo.toml nor hello.wasm"));
}
