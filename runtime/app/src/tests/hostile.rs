//! Templates that are broken on purpose: never a panic, and never much work.

use tempfile::TempDir;

use super::example::EXAMPLE;
use super::{folder, load, load_in, messages};
use crate::Options;

/// A small generator of numbers (xorshift), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// A result says something of a place in the template, or the template loads.
fn exercise(folder: &TempDir, text: &str) {
    if let Err(faults) = load_in(folder, text, &Options::default()) {
        let lines = text.lines().count() as u32 + 1;
        for fault in &faults {
            assert!(!fault.message.is_empty());
            assert!(fault.mark.as_ref().is_none_or(|m| (1..=lines).contains(&m.line)), "{fault}");
        }
        assert!(faults.to_string().contains("error: "));
    }
}

#[test]
fn truncated_at_every_character() {
    let folder = folder();
    for (at, _) in EXAMPLE.char_indices().step_by(3) {
        exercise(&folder, &EXAMPLE[..at]);
    }
}

#[test]
fn every_line_left_out_or_indented() {
    let folder = folder();
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for index in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(index);
        exercise(&folder, &without.join("\n"));
        let indented = format!("  {}", lines[index]);
        let mut moved = lines.clone();
        moved[index] = &indented;
        exercise(&folder, &moved.join("\n"));
    }
}

#[test]
fn characters_replaced_at_random() {
    let folder = folder();
    const PIECES: &[&str] = &[
        "",
        ":",
        ": ",
        "-",
        "- ",
        "!",
        "!Ref ",
        "!Sub ",
        "!GetAtt ",
        "&a ",
        "*a",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "\t",
        "\n",
        "\0",
        "\u{1b}",
        "é",
        "💥",
        "${",
        "}",
        "|",
        ">",
        "#",
        "%",
        "@",
        "~",
        "<<",
        "null",
        "999999999999999999999",
        "Fn::If",
        "Ref",
    ];
    let mut numbers = Numbers(0x5eed_cafe);
    let characters: Vec<char> = EXAMPLE.chars().collect();
    for _ in 0..1500 {
        let mut mutated = characters.clone();
        let mut text = String::new();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(mutated.len());
            let until = (at + numbers.below(8)).min(mutated.len());
            let piece = PIECES[numbers.below(PIECES.len())];
            mutated.splice(at..until, piece.chars());
        }
        text.extend(mutated);
        exercise(&folder, &text);
    }
}

#[test]
fn every_value_of_another_type() {
    let folder = folder();
    for value in ["[]", "{}", "x", "-1", "~", "!Ref AWS::NoValue", "!Ref Stage", "[{a: [b]}]", "''"]
    {
        for (index, line) in EXAMPLE.lines().enumerate() {
            let Some((key, _)) = line.split_once(':') else { continue };
            let replaced = format!("{key}: {value}");
            let lines: Vec<&str> = EXAMPLE
                .lines()
                .enumerate()
                .map(|(at, line)| if at == index { replaced.as_str() } else { line })
                .collect();
            exercise(&folder, &lines.join("\n"));
        }
    }
}

#[test]
fn aliases_that_multiply() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        let items = vec![format!("*{before}"); 9].join(", ");
        text.push_str(&format!("{name}: &{name} [{items}]\n"));
    }
    assert_eq!(messages(&text), ["the template has more than 1000000 values, aliases expanded"]);
}

#[test]
fn nesting_without_end() {
    for (open, name) in [("[", "list"), ("{a: ", "mapping"), ("!Sub [", "tagged list")] {
        let text = format!("Resources: {}", open.repeat(50_000));
        assert_eq!(messages(&text), ["nested more than 64 levels deep"], "{name}");
    }
    let block: String = (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(messages(&block), ["nested more than 64 levels deep"]);
}

#[test]
fn nesting_up_to_the_bound_is_resolved() {
    let folder = folder();
    let text = super::hello(&format!("Description: {}x{}", "[".repeat(58), "]".repeat(58)), "");
    exercise(&folder, &text);
    let text =
        format!("Outputs: {{It: {{Value: {}x{}}}}}", "!Join ['', ".repeat(58), "]".repeat(58));
    exercise(&folder, &text);
}

#[test]
fn faults_without_end() {
    let mut text = "Resources:\n".to_owned();
    for index in 0..20_000 {
        text.push_str(&format!(
            "  Q{index}: {{Type: 'AWS::SQS::Queue', Properties: {{Dleay{index}: 1}}}}\n"
        ));
    }
    let faults = load(&text).expect_err("the template loads");
    assert_eq!(faults.iter().count(), 100);
    assert_eq!(faults.omitted(), 19_900);
    assert!(faults.to_string().ends_with("\n\nand 19900 more errors"));
}

#[test]
fn ten_thousand_resources() {
    let mut text = "Transform: AWS::Serverless-2016-10-31\nResources:\n".to_owned();
    for index in 0..10_000 {
        text.push_str(&format!("  Q{index}: {{Type: 'AWS::SQS::Queue'}}\n"));
    }
    text.push_str("Outputs:\n");
    for index in 0..10_000 {
        text.push_str(&format!("  O{index}: {{Value: !GetAtt Q{index}.Arn}}\n"));
    }
    let app = super::app(&text);
    assert_eq!((app.queues.len(), app.outputs.len()), (10_000, 10_000));
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let padding = "x".repeat(100_000);
    let text = format!("{{Resources: {{}}, Description: {padding}, Resorces: {{}}}}");
    let shown = load(&text).expect_err("the template loads").to_string();
    assert!(shown.contains("error: unknown section `Resorces`"), "{shown}");
    assert!(shown.lines().all(|line| line.len() < 200), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let caret = lines[2].find('^').unwrap();
    assert!(lines[1][caret..].starts_with("Resorces"), "{shown}");
}
