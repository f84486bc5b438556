//! The exports that take events, and which of them a component has.

/// How many names an error lists.
const NAMED: usize = 8;

/// An export that takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// `wasi:http/handler`, of WASI 0.3.
    HttpHandler,
    /// `wasi:http/incoming-handler`, of WASI 0.2.
    HttpIncomingHandler,
    /// `samovar:function/handler`.
    Function,
    /// `wasi:cli/run` of WASI 0.3.
    Run3,
    /// `wasi:cli/run` of WASI 0.2.
    Run2,
}

/// Interface, the versions that are served, and the export. A component that has several is given
/// its events by the first: HTTP says more than an event, the newer WASI more than the older, and
/// tools put a command beside a handler where a program has a `main`.
const EXPORTS: [(&str, &str, Export); 5] = [
    ("wasi:http/handler", "0.3.", Export::HttpHandler),
    ("wasi:http/incoming-handler", "0.2.", Export::HttpIncomingHandler),
    ("samovar:function/handler", "0.1.", Export::Function),
    ("wasi:cli/run", "0.3.", Export::Run3),
    ("wasi:cli/run", "0.2.", Export::Run2),
];

/// What an error says that a function may export.
const CHOICE: &str = "wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3 (HTTP requests), \
                      samovar:function/handler@0.1 (events), wasi:cli/run@0.2 or @0.3 (a command, \
                      with its event on standard input and its response on standard output)";

impl Export {
    /// The first of them that is among `exports`.
    pub(crate) fn first(exports: &[String]) -> Option<Self> {
        let is_there = |interface, versions| {
            exports.iter().any(|export| is_version_of(export, interface, versions))
        };
        let mut all = EXPORTS.iter();
        all.find(|(interface, versions, _)| is_there(interface, versions)).map(|entry| entry.2)
    }
}

/// Whether a name is an interface in a released version. Drafts (`0.2.0-rc-2023-11-10`) differ
/// from each other and from what was released.
fn is_version_of(name: &str, interface: &str, versions: &str) -> bool {
    let version = name.strip_prefix(interface).and_then(|rest| rest.strip_prefix('@'));
    let patch = version.and_then(|version| version.strip_prefix(versions));
    patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What is wrong with a component that exports none of them.
pub(crate) fn explain(exports: &[String]) -> String {
    if exports.is_empty() {
        return format!("the component exports nothing: a function exports {CHOICE}");
    }
    let list = list(exports);
    let other = exports.iter().find(|export| {
        EXPORTS.iter().any(|(interface, ..)| {
            export
                .strip_prefix(interface)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
        })
    });
    let why = match other {
        Some(draft) if is_draft(draft) => format!("{draft} is a draft, and differs from releases"),
        Some(other) => format!("{other} is a version that is not served"),
        None => "none of that takes events".to_owned(),
    };
    format!("the component exports {list}, and {why}: a function exports {CHOICE}")
}

/// The first names, and how many more there are.
pub(crate) fn list(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

/// Whether a name has a version that is not released.
fn is_draft(name: &str) -> bool {
    name.split_once('@').is_some_and(|(_, version)| version.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(exports: &[&str]) -> Option<Export> {
        let exports: Vec<_> = exports.iter().map(ToString::to_string).collect();
        Export::first(&exports)
    }

    #[test]
    fn released_versions_are_served() {
        for (name, export) in [
            ("wasi:http/handler@0.3.0", Export::HttpHandler),
            ("wasi:http/handler@0.3.12", Export::HttpHandler),
            ("wasi:http/incoming-handler@0.2.0", Export::HttpIncomingHandler),
            ("wasi:http/incoming-handler@0.2.12", Export::HttpIncomingHandler),
            ("samovar:function/handler@0.1.0", Export::Function),
            ("wasi:cli/run@0.3.0", Export::Run3),
            ("wasi:cli/run@0.2.6", Export::Run2),
        ] {
            assert_eq!(first(&[name]), Some(export), "{name}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for name in [
            "wasi:http/incoming-handler@0.2.0-rc-2023-12-05",
            "wasi:http/handler@0.3.0-rc-2026-03-15",
            "wasi:http/handler@0.2.0",
            "wasi:http/incoming-handler@0.3.0",
            "wasi:http/incoming-handler@0.2.",
            "wasi:http/incoming-handler@0.20.0",
            "wasi:http/incoming-handler",
            "wasi:http/incoming-handler-of-mine@0.2.0",
            "samovar:function/handler@0.2.0",
            "wasi:cli/run@1.0.0",
            "run",
        ] {
            assert_eq!(first(&[name]), None, "{name}");
        }
        assert_eq!(first(&[]), None);
    }

    #[test]
    fn of_several_the_order_is_fixed() {
        let http3 = "wasi:http/handler@0.3.0";
        let http2 = "wasi:http/incoming-handler@0.2.6";
        let event = "samovar:function/handler@0.1.0";
        let run3 = "wasi:cli/run@0.3.0";
        let run2 = "wasi:cli/run@0.2.6";
        assert_eq!(first(&[run2, run3, event, http2, http3]), Some(Export::HttpHandler));
        assert_eq!(first(&[run2, run3, event, http2]), Some(Export::HttpIncomingHandler));
        assert_eq!(first(&[run2, run3, event]), Some(Export::Function));
        assert_eq!(first(&[run2, run3]), Some(Export::Run3));
    }

    #[test]
    fn the_error_names_what_is_there() {
        let explain = |exports: &[&str]| {
            explain(&exports.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let text = explain(&[]);
        assert!(text.starts_with("the component exports nothing: a function exports wasi:http/"));
        let text = explain(&["tea:house/cup", "tea:house/pot"]);
        assert!(text.starts_with("the component exports tea:house/cup, tea:house/pot, and none "));
        let text = explain(&["tea:house/cup", "wasi:http/incoming-handler@0.2.0-rc-2023-12-05"]);
        assert!(text.contains("incoming-handler@0.2.0-rc-2023-12-05 is a draft"), "{text}");
        let text = explain(&["wasi:cli/run@1.0.0"]);
        assert!(text.contains("wasi:cli/run@1.0.0 is a version that is not served"), "{text}");
        let many: Vec<_> = (0..100).map(|number| format!("export-{number}")).collect();
        let text = super::explain(&many);
        assert!(text.contains("export-7 and 92 more, and"), "{text}");
    }
}
