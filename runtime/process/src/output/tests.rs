use std::io::Write;

use samovar_dispatch::{LogLine, LogObserver};

use super::*;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl LogObserver for Seen {
    fn line(&self, line: &LogLine<'_>) {
        self.0.lock().unwrap().push(line.text.to_owned());
    }
}

impl Seen {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn log() -> (EnvironmentLog, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    (EnvironmentLog::new("f", Arc::clone(&seen) as Arc<dyn LogObserver>), seen)
}

fn lines() -> (Lines, Arc<Seen>) {
    let (log, seen) = log();
    (Lines::new(log), seen)
}

fn feed(lines: &mut Lines, bytes: &[u8]) {
    let old = lines.unfinished.len();
    lines.unfinished.extend_from_slice(bytes);
    lines.cut(old);
}

#[test]
fn lines_are_cut_at_line_feeds_wherever_reads_end() {
    let (mut lines, seen) = lines();
    for part in ["on", "e\n\ntw", "o\nthree"] {
        feed(&mut lines, part.as_bytes());
    }
    assert_eq!(seen.take(), ["one", "", "two"]);
    lines.flush();
    lines.flush();
    assert_eq!(seen.take(), ["three"]);
}

#[test]
fn a_line_without_end_is_cut_and_costs_no_more_than_its_limit() {
    let (mut lines, seen) = lines();
    for _ in 0..20 {
        feed(&mut lines, &[b'x'; CHUNK]);
        assert!(lines.unfinished.len() < MAX_LINE);
    }
    feed(&mut lines, b"end\n");
    let pieces = seen.take();
    assert!(pieces.iter().all(|piece| piece.len() <= MAX_LINE));
    assert_eq!(pieces.concat().len(), 20 * CHUNK + 3);
    assert!(lines.unfinished.is_empty());
}

#[tokio::test]
async fn a_drain_reads_what_was_written_before_it() {
    let (log, seen) = log();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (other, _other_writer) = std::io::pipe().unwrap();
    let output = Output::new(reader.into(), other.into(), &log).unwrap();
    // Nothing is awaited: the reading tasks have no chance to run.
    writer.write_all(b"first\nsecond, unfinished").unwrap();
    output.drain();
    assert_eq!(seen.take(), ["first", "second, unfinished"]);
    writer.write_all(b"third\n").unwrap();
    output.drain();
    assert_eq!(seen.take(), ["third"]);
}

#[tokio::test]
async fn both_pipes_are_read_to_their_ends() {
    let (log, seen) = log();
    let (out, mut out_writer) = std::io::pipe().unwrap();
    let (err, mut err_writer) = std::io::pipe().unwrap();
    let mut output = Output::new(out.into(), err.into(), &log).unwrap();
    let writing = tokio::task::spawn_blocking(move || {
        let line = format!("{}\n", "y".repeat(999));
        for _ in 0..1000 {
            out_writer.write_all(line.as_bytes()).unwrap();
        }
        err_writer.write_all(b"last words").unwrap();
    });
    output.finish(Duration::from_secs(60)).await;
    writing.await.unwrap();
    let lines = seen.take();
    assert_eq!(lines.len(), 1001);
    assert!(lines.contains(&"last words".to_owned()));
}
