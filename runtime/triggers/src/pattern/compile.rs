//! A pattern's JSON, checked.

use serde_json::{Map, Value};

use super::cidr::Cidr;
use super::test::{Comparison, NUMERIC_LIMIT, Test, lower_case};
use super::wildcard::Wildcard;
use super::{Field, Leaf, Node, Pattern, PatternError};

/// The field that is none but a list of alternatives.
const OR: &str = "$or";

/// EventBridge's limit of what the alternatives of all `$or` may multiply to (EventBridge user
/// guide, "Or matching": "over 1000 rule combinations" is an error).
const COMBINATIONS_LIMIT: usize = 1000;

/// How deep a pattern may be: what its text may have as JSON.
const DEPTH_LIMIT: usize = 128;

/// Names that a field within `$or` must not have: they would be taken for operators.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Compiles a pattern.
pub(super) fn compile(pattern: &Value) -> Result<Pattern, PatternError> {
    let mut compiler = Compiler::default();
    let Value::Object(fields) = pattern else {
        return Err(compiler.error("must be an object"));
    };
    let root = compiler.node(fields, false)?;
    if combinations(&root) > COMBINATIONS_LIMIT {
        return Err(PatternError::new(
            &[],
            format!("must have at most {COMBINATIONS_LIMIT} combinations of `$or` alternatives"),
        ));
    }
    Ok(Pattern { root, absent: compiler.absent })
}

/// How many patterns without `$or` would do the work of this one.
fn combinations(node: &Node) -> usize {
    let fields = node.fields.iter().map(|(_, field)| match field {
        Field::Object(node) => combinations(node),
        Field::Leaf(_) => 1,
    });
    let choices = node.choices.iter();
    let choices =
        choices.map(|nodes| nodes.iter().map(combinations).fold(0, usize::saturating_add));
    fields.chain(choices).fold(1, usize::saturating_mul)
}

#[derive(Default)]
struct Compiler {
    path: Vec<String>,
    absent: Vec<Vec<String>>,
}

impl Compiler {
    fn error(&self, reason: impl Into<String>) -> PatternError {
        PatternError::new(&self.path, reason)
    }

    fn node(&mut self, object: &Map<String, Value>, in_or: bool) -> Result<Node, PatternError> {
        if object.is_empty() {
            return Err(self.error("must not be an empty object"));
        }
        if self.path.len() >= DEPTH_LIMIT {
            return Err(self.error(format!("is more than {DEPTH_LIMIT} fields deep")));
        }
        let mut node = Node::default();
        for (name, value) in object {
            if name == OR {
                node.choices.push(self.choice(value)?);
                continue;
            }
            self.path.push(name.clone());
            if in_or && RESERVED.contains(&name.as_str()) {
                return Err(self.error("has a reserved name, which no field within `$or` may have"));
            }
            let field = match value {
                Value::Object(fields) => Field::Object(self.node(fields, in_or)?),
                Value::Array(tests) => Field::Leaf(self.leaf(tests)?),
                _ => return Err(self.error("must be an object or an array")),
            };
            self.path.pop();
            node.fields.push((name.clone(), field));
        }
        Ok(node)
    }

    /// The alternatives of a `$or`, whose fields are those of the object that it is in.
    fn choice(&mut self, value: &Value) -> Result<Vec<Node>, PatternError> {
        let alternatives = match value {
            Value::Array(alternatives) if alternatives.len() >= 2 => alternatives,
            _ => return Err(self.error("must have an array of two objects or more as its `$or`")),
        };
        let node = |alternative: &Value| match alternative {
            Value::Object(fields) => self.node(fields, true),
            _ => Err(self.error("must have nothing but objects in its `$or`")),
        };
        alternatives.iter().map(node).collect()
    }

    fn leaf(&mut self, tests: &[Value]) -> Result<Leaf, PatternError> {
        if tests.is_empty() {
            return Err(self.error("must not be an empty array"));
        }
        let mut leaf = Leaf::default();
        for test in tests {
            match test {
                Value::Object(operator) => match self.operator(operator)? {
                    Some(test) => leaf.tests.push(test),
                    None if leaf.absent.is_none() => {
                        leaf.absent = Some(self.absent.len());
                        self.absent.push(self.path.clone());
                    }
                    None => {}
                },
                Value::Array(_) => {
                    return Err(self.error("must not have an array in its array"));
                }
                value => leaf.tests.push(Test::Equals(value.clone())),
            }
        }
        Ok(leaf)
    }

    /// `{"prefix": "a"}` and its like; `None` for `{"exists": false}`.
    fn operator(&self, operator: &Map<String, Value>) -> Result<Option<Test>, PatternError> {
        let (name, value) = self.only(operator)?;
        Ok(Some(match (name, value) {
            ("exists", Value::Bool(true)) => Test::Exists,
            ("exists", Value::Bool(false)) => return Ok(None),
            ("exists", _) => return Err(self.needs(name, "`true` or `false`")),
            ("numeric", Value::Array(terms)) => self.numeric(terms)?,
            ("numeric", _) => return Err(self.needs(name, "an array")),
            ("anything-but", value) => Test::AnythingBut(self.anything_but(value)?),
            ("prefix" | "suffix", Value::Object(inner)) => self.affix_ignoring_case(name, inner)?,
            (_, value) => self.text_test(name, value)?,
        }))
    }

    /// The operators on one text.
    fn text_test(&self, name: &str, value: &Value) -> Result<Test, PatternError> {
        const NAMES: [&str; 6] =
            ["exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr"];
        if !NAMES.contains(&name) {
            return Err(self.error(format!("has the unknown operator `{name}`")));
        }
        let Value::String(text) = value else { return Err(self.needs(name, "a string")) };
        Ok(match name {
            "prefix" => Test::Prefix(text.clone()),
            "suffix" => Test::Suffix(text.clone()),
            "equals-ignore-case" => Test::EqualsIgnoreCase(lower_case(text).collect()),
            "wildcard" => Test::Wildcard(
                Wildcard::new(text)
                    .map_err(|reason| self.error(format!("has a `wildcard` that {reason}")))?,
            ),
            "cidr" => Test::Cidr(
                Cidr::parse(text)
                    .ok_or_else(|| self.needs(name, "a block of addresses, as `10.0.0.0/24`"))?,
            ),
            _ => Test::Equals(Value::String(text.clone())),
        })
    }

    /// `{"prefix": {"equals-ignore-case": "a"}}`, and with `suffix`.
    fn affix_ignoring_case(
        &self,
        name: &str,
        inner: &Map<String, Value>,
    ) -> Result<Test, PatternError> {
        match self.only(inner)? {
            ("equals-ignore-case", Value::String(text)) => {
                let text = lower_case(text).collect();
                let prefix = name == "prefix";
                Ok(if prefix { Test::PrefixIgnoreCase(text) } else { Test::SuffixIgnoreCase(text) })
            }
            _ => Err(self.needs(name, "a string or `equals-ignore-case` with one")),
        }
    }

    fn anything_but(&self, value: &Value) -> Result<Vec<Test>, PatternError> {
        const NAME: &str = "anything-but";
        match value {
            Value::String(_) | Value::Number(_) => Ok(vec![Test::Equals(value.clone())]),
            Value::Array(values) => {
                let strings = values.iter().all(Value::is_string);
                if values.is_empty() || !(strings || values.iter().all(Value::is_number)) {
                    return Err(self.needs(NAME, "strings only or numbers only in its array"));
                }
                Ok(values.iter().cloned().map(Test::Equals).collect())
            }
            Value::Object(inner) => {
                let (name, value) = self.only(inner)?;
                if !matches!(name, "prefix" | "suffix" | "equals-ignore-case" | "wildcard") {
                    return Err(self.error(format!("has an `{NAME}` of the unknown `{name}`")));
                }
                let values = match value {
                    Value::Array(values) if !values.is_empty() => values.as_slice(),
                    value => std::slice::from_ref(value),
                };
                let affix = matches!(name, "prefix" | "suffix");
                if affix && values.iter().any(|value| value.as_str() == Some("")) {
                    return Err(self.needs(name, "a text that is not empty"));
                }
                values.iter().map(|value| self.text_test(name, value)).collect()
            }
            _ => Err(self.needs(NAME, "a string, a number, an array or an operator")),
        }
    }

    /// `[OPERATOR, NUMBER]`, or a lower bound and then an upper.
    fn numeric(&self, terms: &[Value]) -> Result<Test, PatternError> {
        const NAME: &str = "numeric";
        let (pairs, rest) = terms.as_chunks::<2>();
        let mut bounds = Vec::with_capacity(pairs.len());
        for [operator, number] in pairs {
            let comparison = operator.as_str().and_then(Comparison::parse);
            let comparison = comparison
                .ok_or_else(|| self.needs(NAME, "`=`, `<`, `<=`, `>` or `>=` before a number"))?;
            let number = number.as_f64().filter(|number| number.abs() <= NUMERIC_LIMIT);
            let number = number.ok_or_else(|| self.needs(NAME, "numbers from -5.0e9 to 5.0e9"))?;
            bounds.push((comparison, number));
        }
        use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
        match bounds.as_slice() {
            _ if !rest.is_empty() => Err(self.needs(NAME, "a number after each comparison")),
            [_] => Ok(Test::Numeric(bounds)),
            [(Greater | GreaterOrEqual, bottom), (Less | LessOrEqual, top)] if bottom < top => {
                Ok(Test::Numeric(bounds))
            }
            _ => Err(self.needs(NAME, "one comparison, or a lower bound and a higher upper bound")),
        }
    }

    fn only<'o>(
        &self,
        object: &'o Map<String, Value>,
    ) -> Result<(&'o str, &'o Value), PatternError> {
        let mut fields = object.iter();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) => Ok((name, value)),
            _ => Err(self.error("must have one operator in each object of its array")),
        }
    }

    fn needs(&self, operator: &str, what: &str) -> PatternError {
        self.error(format!("needs {what} in its `{operator}`"))
    }
}
