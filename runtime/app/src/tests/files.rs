//! Templates as files: what cannot be read, and what is in them that is no template.

use std::fs;
use std::path::Path;

use crate::{Options, load};

/// What loading a file says, with the folder's own path taken out.
fn says(folder: &Path, name: &str) -> String {
    let faults = load(&folder.join(name), &Options::default()).expect_err("the template loads");
    faults.to_string().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn a_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        says(folder.path(), "template.yaml"),
        "template.yaml: error: there is no such template\n\
         help: give the template's path: --template PATH"
    );
}

#[test]
fn a_directory() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shop")).unwrap();
    assert_eq!(
        says(folder.path(), "shop"),
        "shop: error: the template is a directory\n\
         help: give the template's path: --template PATH"
    );
    fs::write(folder.path().join("shop/template.yml"), "").unwrap();
    assert_eq!(
        says(folder.path(), "shop"),
        "shop: error: the template is a directory\n\
         help: did you mean `shop/template.yml`?"
    );
}

#[test]
fn text_that_is_not_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.yaml"), b"Transform: x\nDescription: caf\xe9 au lait\n")
        .unwrap();
    assert_eq!(
        says(folder.path(), "t.yaml"),
        "t.yaml:2:17: error: the template is not UTF-8 text\n    \
         2 | Description: caf\u{fffd} au lait\n      \
         |                 ^\n\
         help: save the file in the encoding UTF-8"
    );
}

#[test]
fn a_file_that_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("t.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    assert_eq!(
        says(folder.path(), "t.yaml"),
        "t.yaml: error: the template is larger than 10 MiB\n\
         help: CloudFormation takes templates up to 1 MB: move data out of the template"
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let folder = super::folder();
    let path = folder.path().join("template.yaml");
    let plain = super::hello("", "");
    fs::write(&path, format!("\u{feff}{}", plain.replace('\n', "\r\n"))).unwrap();
    let app = load(&path, &Options::default()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(app.template, path);
    let hello = app.function("Hello").unwrap();
    assert_eq!(hello.code.path, folder.path().join("code"));
    assert_eq!((hello.span.line, hello.span.column), (3, 3));
    assert_eq!(hello.span.to_string(), format!("{}:3:3", path.display()));
}

#[test]
fn json_is_yaml() {
    let app = super::app(
        r#"{
	"Transform": "AWS::Serverless-2016-10-31",
	"Resources": {
		"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}}
	},
	"Outputs": {
		"Url": {"Value": {"Fn::Join": ["\/", ["a", {"Fn::GetAtt": ["Jobs", "QueueName"]}]]}}
	}
}"#,
    );
    assert_eq!(app.queues[0].attributes["DelaySeconds"], "5");
    assert_eq!(app.outputs[0].value, "a/Jobs");
}
