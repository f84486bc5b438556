//! Templates of the corpus with something broken in them: whatever it is, loading ends, with an
//! application or with diagnostics that can be shown. The fuzz target (`fuzz/`) does the same for
//! as long as it is let.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use samovar_app::{Memory, Options, load_from};

/// The corpus in memory, and the templates' paths.
static CORPUS: LazyLock<(Memory, Vec<(PathBuf, String)>)> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/templates");
    let mut files = Memory::default();
    let mut templates = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = fs::read(&path).unwrap();
            let is_template = path.extension().is_some_and(|e| e == "yaml" || e == "json");
            if is_template && let Ok(text) = String::from_utf8(content.clone()) {
                templates.push((path.clone(), text));
            }
            files.insert(path, content);
        }
    }
    templates.sort();
    assert!(templates.len() >= 40, "{} templates in {}", templates.len(), folder.display());
    (files, templates)
});

/// What is done to a template.
#[derive(Clone, Debug)]
enum Mutation {
    /// A line goes.
    Remove(prop::sample::Index),
    /// A line comes again, somewhere else.
    Copy(prop::sample::Index, prop::sample::Index),
    /// A line is indented by so many spaces more, or less.
    Indent(prop::sample::Index, i8),
    /// What follows the first `: ` of a line is something else.
    Value(prop::sample::Index, String),
    /// A line of another template comes in.
    Foreign(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    /// The text ends.
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use prop::sample::Index;
    let value = prop_oneof![
        prop::sample::select(
            &[
                "",
                "-1",
                "!Ref AWS::NoValue",
                "!Ref Nothing",
                "[]",
                "{}",
                "[[]]",
                "{Ref: {}}",
                "!Sub '${'",
                "!If [a, b]",
                "99999999999999999999",
                "true",
                "'*'",
                "!GetAtt .",
                "arn:",
                "!Select [9, [a]]",
                "!ImportValue x",
                "\"\\u0000\"",
                "*anchor",
                "&a {<<: *a}",
                "é日"
            ][..]
        )
        .prop_map(str::to_owned),
        "[ -~]{0,10}",
    ];
    prop_oneof![
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Copy(from, to)),
        (any::<Index>(), -4_i8..=4).prop_map(|(line, by)| Mutation::Indent(line, by)),
        (any::<Index>(), value).prop_map(|(line, value)| Mutation::Value(line, value)),
        (any::<Index>(), any::<Index>(), any::<Index>())
            .prop_map(|(other, from, to)| Mutation::Foreign(other, from, to)),
        any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn mutate(lines: &mut Vec<String>, mutation: &Mutation) {
    if lines.is_empty() {
        return;
    }
    let count = lines.len();
    match mutation {
        Mutation::Remove(line) => {
            lines.remove(line.index(count));
        }
        Mutation::Copy(from, to) => {
            let line = lines[from.index(count)].clone();
            lines.insert(to.index(count), line);
        }
        Mutation::Indent(line, by) => {
            let line = &mut lines[line.index(count)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            let indent = indent.saturating_add_signed((*by).into());
            *line = format!("{}{}", " ".repeat(indent), line.trim_start_matches(' '));
        }
        Mutation::Value(line, value) => {
            let line = &mut lines[line.index(count)];
            if let Some(at) = line.find(": ") {
                line.replace_range(at + 2.., value);
            }
        }
        Mutation::Foreign(other, from, to) => {
            let (_, other) = &CORPUS.1[other.index(CORPUS.1.len())];
            let others: Vec<_> = other.lines().collect();
            if !others.is_empty() {
                lines.insert(to.index(count), others[from.index(others.len())].to_owned());
            }
        }
        Mutation::Cut(line) => lines.truncate(line.index(count)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn broken_templates_load_or_say_why(
        template in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let (files, templates) = &*CORPUS;
        let (path, text) = &templates[template.index(templates.len())];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for mutation in &mutations {
            mutate(&mut lines, mutation);
        }
        let mut files = files.clone();
        files.insert(path, lines.join("\n"));
        if let Err(faults) = load_from(&files, path, &Options::default()) {
            prop_assert!(faults.iter().count() > 0);
            for fault in &faults {
                prop_assert!(!fault.message.is_empty());
                // Nothing in a template can steer the terminal that shows the fault.
                let shown = fault.to_string();
                prop_assert!(shown.chars().all(|c| !c.is_control() || c == '\n'), "{:?}", shown);
            }
        }
    }
}
