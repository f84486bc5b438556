use super::*;

const RESOURCES: &str = "New:\n  Type: AWS::SQS::Queue\n  Properties:\n    DelaySeconds: 1\n";

fn ids() -> Vec<String> {
    vec!["New".to_owned()]
}

fn template(text: &str) -> Result<Template, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Template::read(file.path(), file.path().to_owned()).map_err(|error| error.to_string())
}

#[track_caller]
fn added(text: &str) -> String {
    template(text).unwrap().with(RESOURCES, &ids()).unwrap()
}

#[track_caller]
fn refused(text: &str) -> String {
    match template(text) {
        Err(error) => error,
        Ok(template) => template.with(RESOURCES, &ids()).unwrap_err().to_string(),
    }
}

const HEAD: &str = "Transform: AWS::Serverless-2016-10-31\n";
const NEW: &str = "  New:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: 1\n";

#[test]
fn all_other_bytes_stay() {
    // What stands before the new resource, and after it.
    for (before, after) in [
        ("Resources:\n  A: {Type: AWS::SQS::Queue} # a\n", ""),
        (
            "# top\nResources: # all\n\n  # --- first ---\n  A:\n    Type:   AWS::SQS::Queue\n\
             \x20   Properties: {QueueName: !Sub \"${AWS::StackName}-a\"}\n  # the last word\n",
            "\n# what comes out\nOutputs:\n  A: {Value: !GetAtt A.Arn}\n",
        ),
        (
            "Resources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n\
             \x20     InlineCode: |\n        # no comment\n        def f(): pass\n",
            "\n",
        ),
        ("Resources:\n  A: &a\n    Type: AWS::SQS::Queue\n  \"B\": *a\n", "\n\n\nOutputs: {}\n"),
    ] {
        let text = added(&format!("{HEAD}{before}{after}"));
        assert_eq!(text, format!("{HEAD}{before}\n{NEW}{after}"));
    }
    // A line that has no end gets one; what follows at once is set off.
    let open = format!("{HEAD}Resources:\n  A: {{Type: AWS::SQS::Queue}}");
    assert_eq!(added(&open), format!("{open}\n\n{NEW}"));
    let first = format!("{HEAD}Resources:\n  A: {{Type: AWS::SQS::Queue}}\n");
    let text = added(&format!("{first}Outputs: {{}}\n"));
    assert_eq!(text, format!("{first}\n{NEW}\nOutputs: {{}}\n"));
}

/// `|+` keeps blank lines: one more would be another text.
#[test]
fn a_text_that_would_change_is_refused() {
    let text = format!("{HEAD}Resources:\n  A:\n    Type: B\n    Code: |+\n      x\n\n\n");
    let error = refused(&text);
    assert!(error.contains("nothing can be added to its `Resources` safely"), "{error}");
}

#[test]
fn indentation_and_line_ends_are_the_templates() {
    let text = format!("{HEAD}Resources:\n    A:\n        Type: AWS::SQS::Queue\n");
    let new = "\n    New:\n        Type: AWS::SQS::Queue\n        Properties:\n            \
               DelaySeconds: 1\n";
    assert_eq!(added(&text), text.clone() + new);
    let windows = text.replace('\n', "\r\n");
    assert_eq!(added(&windows), (text + new).replace('\n', "\r\n"));
}

#[test]
fn a_section_that_is_empty_or_missing_is_begun() {
    let text = format!("{HEAD}Resources:\nOutputs: {{}}\n");
    assert_eq!(added(&text), format!("{HEAD}Resources:\n{NEW}\nOutputs: {{}}\n"));
    assert_eq!(added(&format!("{HEAD}Resources:")), format!("{HEAD}Resources:\n{NEW}"));
    assert_eq!(added(HEAD), format!("{HEAD}\nResources:\n{NEW}"));
    assert_eq!(added("\n"), new(RESOURCES));
    assert_eq!(template(&new(RESOURCES)).unwrap().resources().len(), 1);
}

#[test]
fn it_can_be_added_to_again_and_again() {
    let mut text = new(RESOURCES);
    for id in ["B", "C"] {
        let resources = RESOURCES.replace("New", id);
        let before = text.clone();
        text = template(&text).unwrap().with(&resources, &[id.to_owned()]).unwrap();
        assert!(text.starts_with(&before));
    }
    let error = refused(&text);
    assert!(error.contains("has a resource New already: give the function another name"));
}

#[test]
fn what_cannot_be_added_to_is_named_with_the_remedy() {
    for (text, part) in [
        ("{\"Transform\": \"AWS::Serverless-2016-10-31\", \"Resources\": {}}", "it is JSON"),
        ("Resources:\n  A: {Type: AWS::SQS::Queue}\n", "add it"),
        ("Transform: AWS::Serverless-2016-10-31\nResources: {}\n", "line 2: write `Resources` as"),
        ("a: [\n", "not valid YAML"),
        ("- a\n", "not one YAML document"),
        ("a: b\n---\nc: d\n", "not one YAML document"),
        ("just text\n", "not one YAML document"),
    ] {
        let error = refused(text);
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.starts_with("nothing was added to "), "{error}");
    }
}

#[test]
fn the_only_http_api_gets_the_routes() {
    let api = |more: &str| {
        let text = format!("{HEAD}Resources:\n  Api: {{Type: 'AWS::Serverless::HttpApi'}}\n{more}");
        template(&text).unwrap().http_api().map(str::to_owned)
    };
    assert_eq!(api("").as_deref(), Some("Api"));
    assert_eq!(api("  Other: {Type: AWS::Serverless::HttpApi}\n"), None);
    let none = format!("{HEAD}Resources:\n  A: {{Type: AWS::SQS::Queue}}\n");
    assert_eq!(template(&none).unwrap().http_api(), None);
}
