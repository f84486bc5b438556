//! The syntax of `.env` files.

use super::{faults, files, good, map};
use crate::Diagnostics;
use crate::config::env_file;
use std::collections::BTreeMap;

fn read(text: &str) -> Result<BTreeMap<String, String>, Diagnostics> {
    let shell = |name: &str| (name == "HOME").then(|| "/root".to_owned());
    env_file(&files([(".env", text)]), ".env".as_ref(), &shell)
}

#[test]
fn values_are_those_of_python_dotenv() {
    // What `dotenv.dotenv_values` of python-dotenv 1.2.4 gives, HOME being /root.
    for (text, expected) in [
        ("A=1\nB=2\n", &[("A", "1"), ("B", "2")][..]),
        ("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]),
        ("export A=1", &[("A", "1")]),
        ("  export   A=1", &[("A", "1")]),
        ("export=1", &[("export", "1")]),
        ("A = 1 ", &[("A", "1")]),
        ("A=\"x y\" # c", &[("A", "x y")]),
        ("A=x # c", &[("A", "x")]),
        ("A=x#c", &[("A", "x#c")]),
        ("A=#x", &[("A", "#x")]),
        ("A= # c", &[("A", "")]),
        ("A=", &[("A", "")]),
        ("A='x # y'", &[("A", "x # y")]),
        ("A=\"l1\nl2\"\nB=2", &[("A", "l1\nl2"), ("B", "2")]),
        ("A=\"a\\nb\\t\\\"q\\\"\"", &[("A", "a\nb\t\"q\"")]),
        ("A='a\\nb\\'c'", &[("A", "a\\nb'c")]),
        ("A=\"\\q\\\\\"", &[("A", "\\q\\")]),
        ("A=\\n", &[("A", "\\n")]),
        ("A=\"é\\x41\"", &[("A", "é\\x41")]),
        ("# c\n\n  A=1\n", &[("A", "1")]),
        ("A=1\nA=2", &[("A", "2")]),
        ("A==b", &[("A", "=b")]),
        ("A=a b c", &[("A", "a b c")]),
        ("A=1;B=2", &[("A", "1;B=2")]),
        ("\"A\"=1", &[("\"A\"", "1")]),
        ("'\\'=x", &[("\\", "x")]),
        ("'A b'=1", &[("A b", "1")]),
        ("A=${B}", &[("A", "")]),
        ("B=1\nA=${B}x", &[("A", "1x"), ("B", "1")]),
        ("B=1\nA='${B}'", &[("A", "1"), ("B", "1")]),
        ("A=${HOME}", &[("A", "/root")]),
        ("HOME=x\nA=${HOME}", &[("A", "x"), ("HOME", "x")]),
        ("A=${NO:-def}", &[("A", "def")]),
        ("A=\"${A:-x}\"", &[("A", "x")]),
        ("A=${:-d}", &[("A", "d")]),
        ("A=${x:y}", &[("A", "${x:y}")]),
        ("A=${", &[("A", "${")]),
        ("A=$HOME", &[("A", "$HOME")]),
        ("A=`ls` $(ls)", &[("A", "`ls` $(ls)")]),
        ("\u{feff}A=1", &[("A", "1")]),
        // None there, which the SAM CLI makes the empty text.
        ("A", &[("A", "")]),
        ("", &[]),
    ] {
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(good(read(text)), expected, "{text:?}");
    }
}

#[test]
fn lines_that_are_no_assignments_have_places() {
    assert_eq!(
        faults(read("A=1\nhello world\n  =2\nB=\"x\" y\nC='half\n")),
        ".env:2:7: error: the line should end here\n    \
         2 | hello world\n      \
         |       ^\n\
         help: write `NAME=value`, and quote a value that has blanks around\n\n\
         .env:3:3: error: a variable's name is missing here\n    \
         3 |   =2\n      \
         |   ^\n\
         help: write `NAME=value`, or `#` before a comment\n\n\
         .env:4:7: error: the line should end here\n    \
         4 | B=\"x\" y\n      \
         |       ^\n\
         help: write `NAME=value`, and quote a value that has blanks around\n\n\
         .env:5:3: error: this quote is not closed\n    \
         5 | C='half\n      \
         |   ^\n\
         help: end the text with '"
    );
}

#[test]
fn references_cannot_grow_without_end() {
    let mut text = format!("A0={}\n", "x".repeat(1000));
    for n in 1..60 {
        text += &format!("A{n}=${{A{}}}${{A{}}}\n", n - 1, n - 1);
    }
    let text = faults(read(&text));
    assert!(text.contains("the values grow beyond 1 MiB"), "{text}");
}

#[test]
fn hostile_text_ends() {
    for text in [
        "${".repeat(400_000),
        format!("A={}:", "${".repeat(400_000)),
        format!("A={}", "${a:-".repeat(200_000)),
        "A=\r".repeat(300_000),
        "=\r".repeat(300_000),
        "=\n".repeat(300_000),
        "\\".repeat(1_000_000),
        format!("A=\"{}", "\\".repeat(1_000_000)),
        "\0\u{85}\u{2028}=\u{b}".repeat(1000),
    ] {
        let _ = read(&text);
    }
    assert_eq!(good(read("A=1")), map([("A", "1")]));
}
