//! What `sam build` makes of the example's WASM functions and their layer, served by Samovar: in
//! isolates, and natively, by the layer's bootstrap, as on AWS.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::{ImageFormat, RgbImage};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::packaging::serve;
use crate::server::{Server, root};
use crate::tools::{SAM, answer, invoke, request, succeed};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let sam = |name: &str, test: fn()| needing(&[SAM], trial(name, test));
    vec![
        sam("sam_build::the_layer_answers_as_isolates_do", both_ways),
        sam("sam_build::machine_code_is_for_the_functions_architecture", architectures),
    ]
}

/// The layer's bootstrap, from the build that these tests are of.
fn bootstrap() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(root()).args(["test", "--workspace", "--no-run", "--test", "same_answers"]);
    // Some build scripts run again where these change.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&*name);
        }
    }
    succeed(&mut build);
    Path::new(env!("CARGO_BIN_EXE_samovar")).with_file_name("bootstrap")
}

/// The example without its functions that are no components, with `change` made to its template.
fn application(change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["functions", "infra", "samconfig.toml"] {
        symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    let whole = fs::read_to_string(root().join("template.yaml")).unwrap();
    let (head, resources) = whole.split_once("\nResources:\n").unwrap();
    let (resources, _outputs) = resources.split_once("\nOutputs:\n").unwrap();
    let mut text = format!("{head}\nResources:\n");
    let mut is_wanted = false;
    for line in resources.lines() {
        if let Some(id) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'))
            && !id.starts_with(' ')
        {
            is_wanted = ["Api", "WasmRuntime", "Thumbnail", "Hello"].contains(&id);
        }
        if is_wanted {
            text += &format!("{line}\n");
        }
    }
    fs::write(folder.path().join("template.yaml"), change(text)).unwrap();
    folder
}

/// Runs `sam build`; the folder of what it leaves. The makefiles take Samovar and the layer's
/// bootstrap as they are, and do not build each for release.
fn sam_build(folder: &Path) -> PathBuf {
    let mut sam = SAM.command();
    sam.current_dir(folder)
        .arg("build")
        .env("SAMOVAR", env!("CARGO_BIN_EXE_samovar"))
        .env("TEMPLATE", folder.join("template.yaml"))
        .env("BOOTSTRAP", bootstrap());
    succeed(&mut sam);
    folder.join(".aws-sam/build")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Serves what `sam build` left twice: with `Handler: hello.wasm`, and with `Handler: hello`, for
/// which there is no program but `/opt/bootstrap`.
fn both_ways() {
    let folder = application(|text| text);
    let built = sam_build(folder.path());
    assert_eq!(files(&built.join("Hello")), ["hello.cwasm", "hello.wasm"]);
    assert_eq!(files(&built.join("Thumbnail")), ["thumbnail.cwasm", "thumbnail.wasm"]);
    assert_eq!(files(&built.join("WasmRuntime")), ["bootstrap"]);
    let template = built.join("template.yaml");
    let text = fs::read_to_string(&template).unwrap();
    let native = text.replace("Handler: hello.wasm", "Handler: hello");
    let native = native.replace("Handler: thumbnail.wasm", "Handler: thumbnail");
    fs::write(built.join("native.yaml"), native).unwrap();
    let isolates = serve(&template);
    let layer = serve(&built.join("native.yaml"));
    for (server, kind) in [(&isolates, "wasm"), (&layer, "process")] {
        for function in ["Hello", "Thumbnail"] {
            let is_line = |line: &str| line.split_whitespace().take(2).eq([function, kind]);
            assert!(server.output().lines().any(is_line), "{}", server.output());
        }
    }
    for event in [json!({"name": "Зоя"}), json!({}), json!({"body": "{"}), json!([])] {
        let payload = |server: &Server| {
            let output = invoke(server, "Hello", &event);
            let payload = output.payload().unwrap().as_ref().to_owned();
            (output.function_error().map(str::to_owned), String::from_utf8(payload).unwrap())
        };
        let (isolate, layer) = (payload(&isolates), payload(&layer));
        let [isolate, layer] = [isolate, layer].map(|(error, payload)| (error, same(&payload)));
        assert_eq!(isolate, layer, "{event}");
    }
    let mut picture = Vec::new();
    let pixels = RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 128]));
    pixels.write_to(&mut Cursor::new(&mut picture), ImageFormat::Png).unwrap();
    let scale = |server: &Server| {
        let headers = [("content-type", "image/png")];
        request("POST", &server.http("/thumbnail?width=16"), &headers, &picture)
    };
    let greet = |server: &Server, name: &str| {
        let url = server.http(&format!("/?name={name}"));
        request("GET", &url, &[("host", "hello.localhost")], b"")
    };
    let (isolate, by_layer) = (scale(&isolates), scale(&layer));
    assert_eq!((isolate.status, by_layer.status), (200, 200), "{}", layer.output());
    assert_eq!(isolate.body, by_layer.body);
    assert_eq!(image::load_from_memory(&isolate.body).unwrap().width(), 16);
    for name in ["Ada", "%D0%97%D0%BE%D1%8F"] {
        let (isolate, by_layer) = (greet(&isolates, name), greet(&layer, name));
        assert_eq!((isolate.status, isolate.text()), (by_layer.status, by_layer.text()));
        assert_eq!(isolate.status, 200);
    }
}

/// An answer without what no two invocations share.
fn same(payload: &str) -> String {
    match serde_json::from_str::<Value>(payload) {
        Ok(Value::Object(mut error)) if error.contains_key("requestId") => {
            error.remove("requestId");
            Value::Object(error).to_string()
        }
        _ => payload.to_owned(),
    }
}

/// Samovar runs what is for this machine, and says of the other what it is for.
fn architectures() {
    let (here, other) = match cfg!(target_arch = "aarch64") {
        true => ("arm64", "x86_64"),
        false => ("x86_64", "arm64"),
    };
    for (architecture, runs) in [(here, true), (other, false)] {
        let hello = "      Handler: hello.wasm\n";
        let with = format!("{hello}      Architectures: [{architecture}]\n");
        let folder = application(|text| text.replace(hello, &with));
        let built = sam_build(folder.path());
        let template = built.join("template.yaml");
        let text = fs::read_to_string(&template).unwrap();
        let compiled = text.replace("Handler: hello.wasm", "Handler: hello.cwasm");
        fs::write(&template, compiled).unwrap();
        let server = serve(&template);
        if runs {
            let greeting = answer(&server, "Hello", &json!({"name": "Ada"}));
            assert_eq!(greeting, json!({"message": "Hello, Ada!"}));
        } else {
            let told = server.output();
            assert!(told.contains("hello.cwasm: it is compiled for"), "{told}");
        }
    }
}
