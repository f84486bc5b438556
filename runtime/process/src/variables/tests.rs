use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use samovar_app::{Build, Code, Kind, Span};

use super::*;

fn function(runtime: &str) -> Function {
    let span = Span { file: PathBuf::from("t.yaml").into(), line: 1, column: 1 };
    let code = Code { path: "/code".into(), span, build: Build::Prebuilt };
    Function {
        runtime: runtime.into(),
        memory_mb: 256,
        ..Function::new("orders", Kind::Process, code)
    }
}

fn all(runtime: &str, own: &[(&str, &str)]) -> Result<BTreeMap<String, String>, FunctionError> {
    let own: Vec<_> = own.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let place = Place {
        log_stream: "2024/01/02/[$LATEST]ab",
        runtime_api: ([127, 0, 0, 1], 4321).into(),
        initialization: Initialization::Provisioned,
        task_root: Path::new("/code"),
        tmp: Some(Path::new("/scratch/tmp")),
    };
    variables(&function(runtime), &own, place)
}

#[test]
fn lambda_s_variables_are_defined() {
    let all = all("provided.al2023", &[]).unwrap();
    for (name, value) in [
        ("_HANDLER", "bootstrap"),
        ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/orders"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2024/01/02/[$LATEST]ab"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:4321"),
        ("LAMBDA_TASK_ROOT", "/code"),
        ("TMPDIR", "/scratch/tmp"),
        ("TZ", ":UTC"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency"),
    ] {
        assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!all.contains_key("AWS_EXECUTION_ENV"), "not for OS-only runtimes");
    assert!(!all.contains_key("HOME"), "nothing is inherited");
}

#[test]
fn a_function_replaces_open_variables_but_not_reserved_ones() {
    let own = [
        ("TZ", "Europe/Paris"),
        ("QUEUE", "q"),
        ("_HANDLER", "mine"),
        ("AWS_LAMBDA_RUNTIME_API", "evil:1"),
        ("AWS_EXECUTION_ENV", "mine"),
    ];
    let python = all("python3.12", &own).unwrap();
    assert_eq!(python["TZ"], "Europe/Paris");
    assert_eq!(python["QUEUE"], "q");
    assert_eq!(python["_HANDLER"], "bootstrap");
    assert_eq!(python["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:4321");
    assert_eq!(python["AWS_EXECUTION_ENV"], "AWS_Lambda_python3.12");
    assert!(!all("provided.al2", &own).unwrap().contains_key("AWS_EXECUTION_ENV"));
}

#[test]
fn a_variable_that_no_process_can_have_is_named() {
    for own in [("", "v"), ("A=B", "v"), ("A\0", "v"), ("A", "v\0")] {
        let error = all("provided.al2023", &[own]).unwrap_err();
        assert_eq!(error.error_type, "Runtime.InvalidTaskConfig");
        assert!(error.message.contains(&format!("{:?}", own.0)), "{}", error.message);
    }
}

#[test]
fn log_streams_are_named_by_day() {
    let stream = |seconds| log_stream(UNIX_EPOCH + Duration::from_secs(seconds), "00ff");
    assert_eq!(stream(0), "1970/01/01/[$LATEST]00ff");
    assert_eq!(stream(951_782_400), "2000/02/29/[$LATEST]00ff");
    assert_eq!(stream(1_709_251_199), "2024/02/29/[$LATEST]00ff");
    assert_eq!(stream(1_709_251_200), "2024/03/01/[$LATEST]00ff");
    assert_eq!(stream(1_735_689_599), "2024/12/31/[$LATEST]00ff");
    assert_eq!(stream(4_107_542_400), "2100/03/01/[$LATEST]00ff");
}
