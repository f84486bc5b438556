//! How long loading takes.
//!
//! ```text
//! cargo run --release -p samovar-app --example speed            # templates made up here
//! cargo run --release -p samovar-app --example speed -- FILE... # these
//! ```
//!
//! Made up are templates as people write them (functions with environments, events, queues,
//! intrinsic functions) of 2,000 lines, of 20,000, and of 10,000 resources. They are in memory, so
//! that the disk is not measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use samovar_app::{App, Diagnostics, Disk, Memory, Options, load_from};

/// Loads that are measured, after one that is not.
const ROUNDS: usize = 51;

fn main() -> ExitCode {
    match measure_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all() -> Result<(), Diagnostics> {
    let options = Options::default();
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    for path in &files {
        measure(&path.display().to_string(), || load_from(&Disk, path, &options))?;
    }
    if files.is_empty() {
        for (name, template) in [
            ("2,000 lines", lines(2_000)),
            ("20,000 lines", lines(20_000)),
            ("10,000 resources", queues(10_000)),
        ] {
            let mut files = Memory::default();
            let size = template.lines().count();
            files.insert("/app/template.yaml", template);
            files.insert("/app/code/bootstrap", "");
            let path = Path::new("/app/template.yaml");
            measure(&format!("{name} ({size})"), || load_from(&files, path, &options))?;
        }
    }
    Ok(())
}

fn measure(name: &str, load: impl Fn() -> Result<App, Diagnostics>) -> Result<(), Diagnostics> {
    let app = load()?;
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let loaded = load();
            let took = start.elapsed();
            drop(loaded);
            took
        })
        .collect();
    times.sort();
    println!(
        "{name:28} p50 {:>8.2?}  p90 {:>8.2?}  {} functions, {} queues, {} resources",
        times[ROUNDS / 2],
        times[ROUNDS * 9 / 10],
        app.functions.len(),
        app.queues.len(),
        app.resources.len(),
    );
    Ok(())
}

/// A template of about this many lines: each function with a queue of its own and a route.
fn lines(count: usize) -> String {
    let mut text = "\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Mappings:
  Sizes:
    dev: {Memory: 256}
    prod: {Memory: 512}
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 10
    Environment:
      Variables:
        STAGE: !Ref Stage
Resources:
"
    .to_owned();
    let mut number = 0;
    while text.lines().count() < count {
        number += 1;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "  Jobs{number}:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${{AWS::StackName}}-jobs-{number}-${{Stage}}'
      VisibilityTimeout: 60
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead{number}.Arn
        maxReceiveCount: 3
  Dead{number}:
    Type: AWS::SQS::Queue
  Worker{number}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      MemorySize: !FindInMap [Sizes, !Ref Stage, Memory]
      Environment:
        Variables:
          QUEUE_URL: !Ref Jobs{number}
          NAME: !Join ['-', [worker, '{number}', !Ref Stage]]
          MODE: !If [IsProd, live, test]
      Policies:
        - SQSSendMessagePolicy:
            QueueName: !GetAtt Jobs{number}.QueueName
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs{number}.Arn
            BatchSize: 10
        Get:
          Type: HttpApi
          Properties:
            Path: /jobs/{number}/{{id}}
            Method: GET
"
        );
    }
    text
}

/// A template of this many queues.
fn queues(count: usize) -> String {
    let mut text = "Resources:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(
            text,
            "  Q{number}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: 5}}}}"
        );
    }
    text
}
