//! Whatever stands in a file, there is an answer.

use super::files;
use crate::config::{env_file, env_vars, parameter_overrides, samconfig, values};

const TOML: &str = "version = 0.1\n[default.samovar.parameters]\nregion = \"eu-west-1\"\n\
                    parameter_overrides = [\"A=1 B=\\\"x y\\\"\", {C = 1.5, D = [1]}]\n";
const YAML: &str = "version: 0.1\ndefault:\n  deploy: &d {parameters: {parameter_overrides: 'A=1'}}\n  \
                    samovar: *d\nExports: {a: b}\nSecrets: {c: {d: [e, 1.5, ~]}}\n";
const JSON: &str = r#"{"Parameters": {"A": "\ud83d\ude00", "B": 1}, "Hello": {"C": null}}"#;
const ENV: &str = "# all\nexport A='x \\' y' # b\nB=\"${A}\\n${C:-d}\"\nC\n";
const OVERRIDES: &str = "A=1 B=\"x \\\" y\" ParameterKey=C,ParameterValue='z' D=\\ e";

/// All readers of a text.
fn read(text: &str) {
    let files = files([("c.toml", text), ("c.yaml", text)]);
    let shell = |_: &str| Some("s".to_owned());
    for path in ["c.toml", "c.yaml"] {
        let _ = samconfig(&files, path.as_ref(), None);
        let _ = parameter_overrides(&files, &[format!("file://{path}")]);
    }
    let path = "c.yaml".as_ref();
    let _ = values(&files, path);
    let _ = env_vars(&files, path, &shell);
    let _ = env_file(&files, path, &shell);
    let _ = parameter_overrides(&files, &[text.to_owned()]);
}

#[test]
fn every_character_replaced() {
    for text in [TOML, YAML, JSON, ENV, OVERRIDES] {
        read(text);
        for (at, c) in text.char_indices() {
            let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
            for other in
                ["", "\n", "\"", "'", "\\", "{", "]", "=", ":", "$", "#", "\0", "\u{2028}", "é"]
            {
                read(&format!("{before}{other}{after}"));
            }
            read(before);
        }
    }
}
