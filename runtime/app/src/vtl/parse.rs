//! Text to template.

use super::{Expression, Piece, Reference, Step};

/// How deep directives and expressions may be in each other.
const DEPTH: usize = 32;

/// The functions of `$input` and `$util` that are there.
const INPUT: &[&str] = &["body", "json", "params", "path"];
const UTIL: &[&str] =
    &["base64Decode", "base64Encode", "escapeJavaScript", "parseJson", "urlDecode", "urlEncode"];

/// The methods of values that are there.
const METHODS: &[&str] = &[
    "contains",
    "containsKey",
    "equals",
    "get",
    "isEmpty",
    "keySet",
    "length",
    "size",
    "toString",
];

/// What a template has that is not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// In the template, from 1.
    pub line: u32,
    /// In a few words: `#macro`, `$util.time`.
    pub what: String,
}

type Parsed<T> = Result<T, Unsupported>;

pub(super) fn parse(text: &str) -> Parsed<Vec<Piece>> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let (pieces, end) = parser.block()?;
    match end {
        End::Text => Ok(pieces),
        End::Directive(name) => Err(parser.unsupported(format!("#{name} without #if"))),
    }
}

/// Why a block ended.
#[derive(PartialEq)]
enum End {
    Text,
    /// `else`, `elseif` or `end`.
    Directive(&'static str),
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn unsupported(&self, what: impl Into<String>) -> Unsupported {
        let line = self.text[..self.at].matches('\n').count() + 1;
        let what = what.into().chars().take(60).collect();
        Unsupported { line: u32::try_from(line).unwrap_or(u32::MAX), what }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH {
            return Err(self.unsupported("more than 32 levels"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Pieces up to the end of the text, or past the directive that ends the block.
    fn block(&mut self) -> Parsed<(Vec<Piece>, End)> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['#', '$', '\\']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            let rest = self.rest();
            if rest.is_empty() {
                push(&mut pieces, &mut text);
                return Ok((pieces, End::Text));
            }
            if let Some(after) = rest.strip_prefix("##") {
                // To the end of the line, which it takes with it.
                let length = after.find('\n').map_or(after.len(), |end| end + 1);
                self.at += 2 + length;
            } else if let Some(after) = rest.strip_prefix("#*") {
                let Some(length) = after.find("*#") else {
                    return Err(self.unsupported("a comment without an end"));
                };
                self.at += length + 4;
            } else if let Some(escaped) =
                ["\\$", "\\#"].into_iter().find(|escaped| rest.starts_with(escaped))
            {
                text.push_str(&escaped[1..]);
                self.at += 2;
            } else if rest.starts_with('$') {
                match self.reference()? {
                    Some((reference, source)) => {
                        push(&mut pieces, &mut text);
                        pieces.push(Piece::Print(reference, source));
                    }
                    None => {
                        text.push('$');
                        self.at += 1;
                    }
                }
            } else if rest.starts_with('#') {
                match self.directive()? {
                    Some(Directive::Ends(name)) => {
                        push(&mut pieces, &mut text);
                        return Ok((pieces, End::Directive(name)));
                    }
                    Some(Directive::Is(piece)) => {
                        push(&mut pieces, &mut text);
                        pieces.push(piece);
                    }
                    None => {
                        text.push('#');
                        self.at += 1;
                    }
                }
            } else {
                text.push('\\');
                self.at += 1;
            }
        }
    }

    /// The directive that begins here; `None`: it is none, but text.
    fn directive(&mut self) -> Parsed<Option<Directive>> {
        let after = &self.rest()[1..];
        let braced = after.starts_with('{');
        let after = after.strip_prefix('{').unwrap_or(after);
        let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let name = &after[..length];
        if name.is_empty() || (braced && !after[length..].starts_with('}')) {
            return Ok(None);
        }
        let known = ["set", "if", "elseif", "else", "end", "foreach"];
        let Some(known) = known.into_iter().find(|known| *known == name) else {
            let others =
                ["macro", "parse", "include", "stop", "define", "evaluate", "break", "return"];
            return match others.contains(&name) {
                true => Err(self.unsupported(format!("#{name}"))),
                // A color, an anchor.
                false => Ok(None),
            };
        };
        self.at += 1 + length + if braced { 2 } else { 0 };
        Ok(Some(match known {
            "set" => {
                let (name, value) = self.set()?;
                self.skip_line();
                Directive::Is(Piece::Set(name, value))
            }
            "if" => Directive::Is(self.deeper(Self::branches)?),
            "foreach" => Directive::Is(self.deeper(Self::each)?),
            ends => {
                if ends != "elseif" {
                    self.skip_line();
                }
                Directive::Ends(ends)
            }
        }))
    }

    /// Takes the rest of a line that only has spaces: a directive's line is not in the output.
    fn skip_line(&mut self) {
        let rest = self.rest();
        let spaces = rest.find(|c: char| c != ' ' && c != '\t' && c != '\r').unwrap_or(rest.len());
        if rest[spaces..].starts_with('\n') {
            self.at += spaces + 1;
        }
    }

    fn set(&mut self) -> Parsed<(String, Expression)> {
        self.expect("(")?;
        self.expect("$")?;
        let name = self.name().ok_or_else(|| self.unsupported("#set of no variable"))?;
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(")")?;
        Ok((name.to_owned(), value))
    }

    fn branches(&mut self) -> Parsed<Piece> {
        let mut branches = Vec::new();
        loop {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            self.skip_line();
            let (body, end) = self.block()?;
            branches.push((condition, body));
            match end {
                End::Directive("elseif") => {}
                End::Directive("else") => {
                    let (body, end) = self.block()?;
                    if end != End::Directive("end") {
                        return Err(self.unsupported("#else without #end"));
                    }
                    return Ok(Piece::If(branches, body));
                }
                End::Directive(_) => return Ok(Piece::If(branches, Vec::new())),
                End::Text => return Err(self.unsupported("#if without #end")),
            }
        }
    }

    fn each(&mut self) -> Parsed<Piece> {
        self.expect("(")?;
        self.expect("$")?;
        let name = self.name().ok_or_else(|| self.unsupported("#foreach of no variable"))?;
        self.expect("in ")?;
        let list = self.expression()?;
        self.expect(")")?;
        self.skip_line();
        match self.block()? {
            (body, End::Directive("end")) => Ok(Piece::ForEach(name.to_owned(), list, body)),
            _ => Err(self.unsupported("#foreach without #end")),
        }
    }

    fn spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.spaces();
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.takes(token) {
            return Ok(());
        }
        let found: String = self.rest().chars().take(10).collect();
        Err(self.unsupported(format!("`{found}` where `{}` would be", token.trim())))
    }

    fn name(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then(|| {
            self.at += length;
            &rest[..length]
        })
    }

    /// The reference that begins here, with its source; `None`: it is text.
    fn reference(&mut self) -> Parsed<Option<(Reference, String)>> {
        let from = self.at;
        self.at += 1;
        let is_quiet = self.rest().starts_with('!');
        self.at += usize::from(is_quiet);
        let is_braced = self.rest().starts_with('{');
        self.at += usize::from(is_braced);
        let Some(name) = self.name() else {
            self.at = from;
            return Ok(None);
        };
        let name = name.to_owned();
        let mut steps = Vec::new();
        loop {
            let rest = self.rest();
            if let Some(after) = rest.strip_prefix('.')
                && after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            {
                self.at += 1;
                let step = self.name().unwrap_or_default().to_owned();
                if self.rest().starts_with('(') {
                    self.at += 1;
                    let arguments = self.deeper(Self::arguments)?;
                    steps.push(Step::Call(step, arguments));
                } else {
                    steps.push(Step::Field(step));
                }
            } else if rest.strip_prefix('[').is_some_and(is_index) {
                self.at += 1;
                let index = self.deeper(Self::expression)?;
                self.expect("]")?;
                steps.push(Step::Index(index));
            } else {
                break;
            }
        }
        if is_braced {
            self.expect("}")?;
        }
        let reference = Reference { name, steps };
        self.check(&reference)?;
        let source = if is_quiet { "" } else { &self.text[from..self.at] };
        Ok(Some((reference, source.to_owned())))
    }

    /// Whether everything that a reference asks for is there.
    fn check(&self, reference: &Reference) -> Parsed<()> {
        let Reference { name, steps } = reference;
        let own: &[&str] = match name.as_str() {
            "input" => INPUT,
            "util" => UTIL,
            _ => &[],
        };
        for (at, step) in steps.iter().enumerate() {
            let (step, is_known) = match step {
                Step::Field(step) if at == 0 && !own.is_empty() => (step, step == "body"),
                Step::Call(step, _) if at == 0 && !own.is_empty() => {
                    (step, step != "body" && own.contains(&step.as_str()))
                }
                Step::Call(step, _) => (step, METHODS.contains(&step.as_str())),
                Step::Field(_) | Step::Index(_) => continue,
            };
            if !is_known {
                return Err(self.unsupported(format!("${name}.{step}")));
            }
        }
        Ok(())
    }

    fn arguments(&mut self) -> Parsed<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.takes(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn expression(&mut self) -> Parsed<Expression> {
        self.deeper(|parser| {
            let mut left = parser.conjunction()?;
            while parser.takes("||") {
                left = Expression::Or(left.into(), parser.conjunction()?.into());
            }
            Ok(left)
        })
    }

    fn conjunction(&mut self) -> Parsed<Expression> {
        let mut left = self.comparison()?;
        while self.takes("&&") {
            left = Expression::And(left.into(), self.comparison()?.into());
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let left = self.value()?;
        if self.takes("==") {
            return Ok(Expression::Equal(left.into(), self.value()?.into()));
        }
        if self.takes("!=") {
            return Ok(Expression::NotEqual(left.into(), self.value()?.into()));
        }
        self.spaces();
        // Arithmetic and order, which only a variable's own dash looks like.
        match self.rest().chars().next() {
            Some(operator @ ('+' | '*' | '/' | '%' | '<' | '>' | '-')) => {
                Err(self.unsupported(format!("the operator `{operator}`")))
            }
            _ => Ok(left),
        }
    }

    fn value(&mut self) -> Parsed<Expression> {
        self.spaces();
        let rest = self.rest();
        match rest.chars().next() {
            Some('!') => {
                self.at += 1;
                Ok(Expression::Not(self.deeper(Self::value)?.into()))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some('$') => match self.reference()? {
                Some((reference, _)) => Ok(Expression::Reference(reference)),
                None => Err(self.unsupported("`$` without a name")),
            },
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let length = rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.');
                let number = &rest[..length.map_or(rest.len(), |length| length + 1)];
                let Ok(whole) = number.parse() else {
                    return Err(self.unsupported(format!("the number {number}")));
                };
                self.at += number.len();
                Ok(Expression::Number(whole))
            }
            _ => {
                for (word, value) in [("true", true), ("false", false)] {
                    if rest.starts_with(word) {
                        self.at += word.len();
                        return Ok(Expression::Boolean(value));
                    }
                }
                let found: String = rest.chars().take(10).collect();
                Err(self.unsupported(format!("the value `{found}`")))
            }
        }
    }

    /// Text in quotes; in double ones there may be references. A doubled quote is one.
    fn quoted(&mut self, quote: char) -> Parsed<Expression> {
        self.at += 1;
        let rest = self.rest();
        let mut text = String::new();
        let mut characters = rest.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            if c != quote {
                text.push(c);
            } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
                text.push(quote);
            } else {
                let pieces = if quote == '\'' {
                    vec![Piece::Text(text)]
                } else {
                    let mut inner = Parser { text: &text, at: 0, depth: self.depth };
                    let (pieces, end) = inner.block().map_err(|error| Unsupported {
                        what: error.what,
                        ..self.unsupported("")
                    })?;
                    if end != End::Text {
                        return Err(self.unsupported("a directive in quotes"));
                    }
                    pieces
                };
                self.at += at + 1;
                return Ok(Expression::Text(pieces));
            }
        }
        Err(self.unsupported("text without its closing quote"))
    }
}

/// Whether what follows a bracket is an index: of text in brackets it is none.
fn is_index(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '$' | '"' | '\''))
}

enum Directive {
    Is(Piece),
    Ends(&'static str),
}

fn push(pieces: &mut Vec<Piece>, text: &mut String) {
    if !text.is_empty() {
        pieces.push(Piece::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_named_with_its_line() {
        for (text, line, what) in [
            ("a\n#macro(x)#end", 2, "#macro"),
            ("\n\n$util.time.now()", 3, "$util.time"),
            ("$input.bytes", 1, "$input.bytes"),
            ("$context.x.trim()", 1, "$context.trim"),
            ("#set($x = 1 + 2)", 1, "the operator `+`"),
            ("#set($x = [1])", 1, "the value `[1])`"),
            ("#if($x)", 1, "#if without #end"),
            ("#end", 1, "#end without #if"),
            ("#foreach($x in $y)", 1, "#foreach without #end"),
            ("$input.json('$.x", 1, "text without its closing quote"),
            ("#* open", 1, "a comment without an end"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!((error.line, error.what.as_str()), (line, what), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for text in [
            format!("#set($x = {})", "(".repeat(10_000)),
            format!("#set($x = {}$y)", "!".repeat(10_000)),
            "#if($x)".repeat(10_000),
            format!("$x{}", ".get($x".repeat(10_000)),
        ] {
            assert!(parse(&text).is_err());
        }
    }

    #[test]
    fn what_only_looks_like_vtl_is_text() {
        for text in ["$ 5", "#fff", "a # b", "costs $5", "\\ and \\n", "${"] {
            assert_eq!(parse(text), Ok(vec![Piece::Text(text.to_owned())]), "{text}");
        }
    }
}
