//! Runtimes that run source of a language.

use std::fmt;
use std::ops::RangeInclusive;

/// Minor versions of Python 3.
const PYTHON: RangeInclusive<u8> = 9..=14;

/// Major versions of Node.js.
const NODE: &[u8] = &[18, 20, 22, 24];

/// A managed runtime of Lambda that Samovar runs, with AWS's own runtime interface client of the
/// language (Lambda developer guide, "Lambda runtimes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ManagedRuntime {
    /// `python3.9` to `python3.14`.
    Python {
        /// `12` of `python3.12`.
        minor: u8,
    },
    /// `nodejs18.x` to `nodejs24.x`.
    Node {
        /// `22` of `nodejs22.x`.
        major: u8,
    },
}

impl ManagedRuntime {
    /// The names of all of them, as templates have them.
    pub fn names() -> Vec<String> {
        let python = PYTHON.map(|minor| format!("python3.{minor}"));
        python.chain(NODE.iter().map(|major| format!("nodejs{major}.x"))).collect()
    }

    /// The runtime that a template names; `None`: another kind, or one that is not run.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(minor) = name.strip_prefix("python3.") {
            let minor = minor.parse().ok().filter(|minor| PYTHON.contains(minor))?;
            return Some(Self::Python { minor });
        }
        let major = name.strip_prefix("nodejs")?.strip_suffix(".x")?;
        let major = major.parse().ok().filter(|major| NODE.contains(major))?;
        Some(Self::Node { major })
    }
}

/// As people name it: `Python 3.12`, `Node.js 22`.
impl fmt::Display for ManagedRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python { minor } => write!(f, "Python 3.{minor}"),
            Self::Node { major } => write!(f, "Node.js {major}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_runtimes() {
        let shown = |name: &str| ManagedRuntime::parse(name).map(|runtime| runtime.to_string());
        assert_eq!(shown("python3.9").as_deref(), Some("Python 3.9"));
        assert_eq!(shown("python3.14").as_deref(), Some("Python 3.14"));
        assert_eq!(shown("nodejs24.x").as_deref(), Some("Node.js 24"));
        let names = ManagedRuntime::names();
        assert_eq!((names.first().map(String::as_str), names.len()), (Some("python3.9"), 10));
        assert!(names.iter().all(|name| ManagedRuntime::parse(name).is_some()));
        for other in ["python3.8", "python2.7", "nodejs16.x", "nodejs", "java21", "provided"] {
            assert_eq!(shown(other), None, "{other}");
        }
    }
}
