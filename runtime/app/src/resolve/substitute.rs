//! `Fn::Sub`.

use super::{Resolved, Resolver, Trouble};
use crate::node::{self, Map, Node, Place};
use crate::report::Fault;

/// A stretch of a template string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'s> {
    Literal(&'s str),
    /// `${!Literal}` gives `${Literal}`.
    Escaped(&'s str),
    /// `${Name}` or `${Name.Attribute}`.
    Variable(&'s str),
}

impl Resolver<'_> {
    /// A string, or a list of a string and a mapping of variables.
    pub(super) fn substitute(&self, argument: &Node) -> Resolved<String> {
        let none = Map::new();
        let (string, variables) = match argument.as_list() {
            None => (argument, &none),
            Some([string, variables]) => match variables.as_map() {
                Some(map) => (string, map),
                None => {
                    let message = format!(
                        "`Fn::Sub` takes a mapping of variables second, not {}",
                        variables.describe()
                    );
                    return Err(Fault::new(variables.at, message).into());
                }
            },
            Some(_) => {
                let message = "`Fn::Sub` takes a string, or a list of a string and its variables";
                return Err(Fault::new(argument.at, message).into());
            }
        };
        let Some(text) = string.as_str() else {
            let message = format!("`Fn::Sub` takes a string, not {}", string.describe());
            return Err(Fault::new(string.at, message).into());
        };
        let mut result = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(text) => result.push_str(text),
                Piece::Escaped(text) => {
                    result.push_str("${");
                    result.push_str(text);
                    result.push('}');
                }
                Piece::Variable(name) => {
                    let value = self.variable(name, string.at, variables)?;
                    self.spend(1 + value.len() as u64 / 8, string.at)?;
                    result.push_str(&value);
                }
            }
        }
        Ok(result)
    }

    fn variable(&self, name: &str, string: Place, variables: &Map) -> Resolved<String> {
        self.spend(1 + variables.len() as u64 / 32, string)?;
        if let Some(value) = node::get(variables, name) {
            return self.text("Fn::Sub", value);
        }
        let at = || match self.report.is_close() {
            true => self.report.find(string, &format!("${{{name}}}")),
            false => string,
        };
        if !is_variable(name) {
            let shown: String = name.chars().take(60).collect();
            let message = format!("`${{{shown}}}` is not a variable of `Fn::Sub`");
            return Err(Fault::new(at(), message)
                .help(format!("write `${{!{shown}}}` for the text itself"))
                .into());
        }
        let value = match name.split_once('.') {
            Some((id, attribute)) => self.attribute(id, attribute, string, string),
            None => self.reference(name, string, string),
        };
        let value = value.map_err(|trouble| match trouble {
            // The fault is found for the string as a whole; the variable's place is closer.
            Trouble::Fault(fault) => Trouble::Fault(fault.moved(string, at())),
            Trouble::Reported => Trouble::Reported,
        })?;
        match self.text_of(&value) {
            Some(text) => Ok(text.to_owned()),
            None if value.is_poison() => Err(Trouble::Reported),
            None => {
                let message = format!("`${{{name}}}` is {}, not text", value.describe());
                Err(Fault::new(at(), message)
                    .help("join the list first: `!Join [\",\", !Ref NAME]`".to_owned())
                    .into())
            }
        }
    }
}

/// What may stand in `${...}`.
pub(super) fn is_variable(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
    !name.is_empty() && name.chars().all(is_part)
}

/// Cuts a template string up. A `${` that is not closed is text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        if start > 0 {
            pieces.push(Piece::Literal(&rest[..start]));
        }
        let inner = &rest[start + 2..start + 2 + length];
        pieces.push(match inner.strip_prefix('!') {
            Some(literal) => Piece::Escaped(literal),
            // CloudFormation takes blanks around a name.
            None => Piece::Variable(inner.trim()),
        });
        rest = &rest[start + 3 + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn cuts_strings() {
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("a $ b {c}"), [Piece::Literal("a $ b {c}")]);
        assert_eq!(
            pieces("a${B}${!C}d${E.F}"),
            [
                Piece::Literal("a"),
                Piece::Variable("B"),
                Piece::Escaped("C"),
                Piece::Literal("d"),
                Piece::Variable("E.F"),
            ]
        );
        assert_eq!(pieces("a${b"), [Piece::Literal("a${b")]);
        assert_eq!(pieces("${}${ A }"), [Piece::Variable(""), Piece::Variable("A")]);
    }
}
