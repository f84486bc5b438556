//! Templates to text.

use std::collections::HashMap;

use samovar_app::vtl::{Expression, Piece, Reference, Step, Template};
use serde_json::{Value, json};

use super::values::{Call, plain};
use super::{json_path, util};

/// The longest text that a template makes, in bytes: API Gateway's payload limit.
const LENGTH_LIMIT: usize = 10 * 1024 * 1024;

/// Pieces that one template may take, loops counted out.
const STEP_LIMIT: usize = 1_000_000;

/// A template took more than it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Renders a template over this body, which is `$input`'s.
pub(super) fn render(template: &Template, call: &Call<'_>, body: &str) -> Result<String, TooMuch> {
    let document = serde_json::from_str(body).unwrap_or_else(|_| json!({}));
    let mut renderer = Renderer {
        call,
        body,
        document,
        context: call.context(),
        variables: HashMap::new(),
        steps: 0,
    };
    let mut text = String::new();
    renderer.pieces(&template.0, &mut text)?;
    Ok(text)
}

struct Renderer<'c, 'r> {
    call: &'c Call<'r>,
    body: &'c str,
    document: Value,
    context: Value,
    variables: HashMap<String, Value>,
    steps: usize,
}

impl Renderer<'_, '_> {
    fn pieces(&mut self, pieces: &[Piece], text: &mut String) -> Result<(), TooMuch> {
        for piece in pieces {
            self.steps += 1;
            if self.steps > STEP_LIMIT || text.len() > LENGTH_LIMIT {
                return Err(TooMuch);
            }
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Print(reference, source) => match self.reference(reference)? {
                    // Of API Gateway's own variables, what is not there is empty.
                    Some(Value::Null) => {}
                    None => text.push_str(source),
                    Some(value) => text.push_str(&plain(&value)),
                },
                Piece::Set(name, value) => {
                    let value = self.expression(value)?;
                    self.variables.insert(name.clone(), value);
                }
                Piece::If(branches, otherwise) => {
                    let mut chosen = otherwise;
                    for (condition, body) in branches {
                        if is_true(&self.expression(condition)?) {
                            chosen = body;
                            break;
                        }
                    }
                    self.pieces(chosen, text)?;
                }
                Piece::ForEach(name, list, body) => self.each(name, list, body, text)?,
            }
        }
        Ok(())
    }

    fn each(
        &mut self,
        name: &str,
        list: &Expression,
        body: &[Piece],
        text: &mut String,
    ) -> Result<(), TooMuch> {
        let items = match self.expression(list)? {
            Value::Array(items) => items,
            Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        let outer = self.variables.remove(name);
        let outer_loop = self.variables.remove("foreach");
        let last = items.len().saturating_sub(1);
        for (index, item) in items.into_iter().enumerate() {
            let about = json!({
                "index": index, "count": index + 1, "hasNext": index < last,
                "first": index == 0, "last": index == last,
            });
            self.variables.insert(name.to_owned(), item);
            self.variables.insert("foreach".to_owned(), about);
            self.pieces(body, text)?;
        }
        for (name, value) in [(name, outer), ("foreach", outer_loop)] {
            self.variables.remove(name);
            self.variables.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression) -> Result<Value, TooMuch> {
        Ok(match expression {
            Expression::Text(pieces) => {
                let mut text = String::new();
                self.pieces(pieces, &mut text)?;
                text.into()
            }
            Expression::Number(number) => (*number).into(),
            Expression::Boolean(boolean) => (*boolean).into(),
            Expression::Reference(reference) => self.reference(reference)?.unwrap_or_default(),
            Expression::Not(inner) => (!is_true(&self.expression(inner)?)).into(),
            Expression::And(left, right) => {
                (is_true(&self.expression(left)?) && is_true(&self.expression(right)?)).into()
            }
            Expression::Or(left, right) => {
                (is_true(&self.expression(left)?) || is_true(&self.expression(right)?)).into()
            }
            Expression::Equal(left, right) => self.are_equal(left, right)?.into(),
            Expression::NotEqual(left, right) => (!self.are_equal(left, right)?).into(),
        })
    }

    /// Velocity compares values of different types by their text.
    fn are_equal(&mut self, left: &Expression, right: &Expression) -> Result<bool, TooMuch> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        Ok(match (&left, &right) {
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            _ => left == right || plain(&left) == plain(&right),
        })
    }

    /// What a reference means; `None`: a variable that is not there, or has not what is asked.
    fn reference(&mut self, reference: &Reference) -> Result<Option<Value>, TooMuch> {
        let Reference { name, steps } = reference;
        let (mut value, rest) = match (name.as_str(), steps.as_slice()) {
            ("input", [step, rest @ ..]) => (self.input(step)?, rest),
            ("util", [Step::Call(function, arguments), rest @ ..]) => {
                let argument = match arguments.first() {
                    Some(argument) => self.expression(argument)?,
                    None => Value::Null,
                };
                (util::call(function, &argument), rest)
            }
            ("context", rest) => (self.context.clone(), rest),
            ("stageVariables", rest) => (json!(self.call.stage_variables), rest),
            (name, rest) => match self.variables.get(name) {
                Some(value) => (value.clone(), rest),
                None => return Ok(None),
            },
        };
        let is_own = ["input", "util", "context", "stageVariables"].contains(&name.as_str());
        for step in rest {
            value = match self.step(&value, step)? {
                Some(value) => value,
                None if is_own => return Ok(Some(Value::Null)),
                None => return Ok(None),
            };
        }
        Ok(Some(value))
    }

    fn input(&mut self, step: &Step) -> Result<Value, TooMuch> {
        let Step::Call(function, arguments) = step else { return Ok(self.body.into()) };
        let argument = match arguments.first() {
            Some(argument) => Some(plain(&self.expression(argument)?)),
            None => None,
        };
        Ok(match (function.as_str(), argument) {
            ("json", path) => {
                let found = json_path::find(&self.document, path.as_deref().unwrap_or("$"));
                found.map_or_else(|| "\"\"".to_owned(), Value::to_string).into()
            }
            ("path", path) => {
                let found = json_path::find(&self.document, path.as_deref().unwrap_or("$"));
                found.cloned().unwrap_or_default()
            }
            ("params", Some(name)) => {
                let call = self.call;
                let found = call.path_parameter(&name).or_else(|| call.query(&name));
                found.or_else(|| call.header(&name)).unwrap_or_default().into()
            }
            ("params", None) => self.call.all_parameters(),
            _ => Value::Null,
        })
    }

    fn step(&mut self, value: &Value, step: &Step) -> Result<Option<Value>, TooMuch> {
        let (method, argument) = match step {
            Step::Field(name) => return Ok(value.get(name).cloned()),
            Step::Index(index) => {
                let index = self.expression(index)?;
                return Ok(get(value, &index));
            }
            Step::Call(method, arguments) => {
                let argument = match arguments.first() {
                    Some(argument) => self.expression(argument)?,
                    None => Value::Null,
                };
                (method.as_str(), argument)
            }
        };
        let size = || match value {
            Value::String(text) => text.encode_utf16().count(),
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        };
        Ok(match method {
            "get" => get(value, &argument),
            "size" | "length" => Some(size().into()),
            "isEmpty" => Some((size() == 0).into()),
            "toString" => Some(plain(value).into()),
            "equals" => Some((*value == argument).into()),
            "keySet" => {
                let keys = value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
                keys.map(Value::from)
            }
            "contains" | "containsKey" => Some(
                match value {
                    Value::String(text) => text.contains(&plain(&argument)),
                    Value::Array(list) => list.contains(&argument),
                    other => other.get(plain(&argument)).is_some(),
                }
                .into(),
            ),
            _ => None,
        })
    }
}

fn get(value: &Value, index: &Value) -> Option<Value> {
    match value {
        Value::Array(list) => list.get(usize::try_from(index.as_u64()?).ok()?).cloned(),
        other => other.get(plain(index)).cloned(),
    }
}

/// What is there and not `false`, empty or 0, as Velocity 2 has it.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(boolean) => *boolean,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}
