//! `Conditions` and the functions that only they may use.

use super::{Known, Level, Resolved, Resolver, Trouble};
use crate::node::{Node, Place};
use crate::report::Fault;
use crate::suggest::did_you_mean;
use crate::template::Resource;

impl<'t> Resolver<'t> {
    /// Whether a resource (or output) with this `Condition` attribute is created. A faulty
    /// condition is reported, and counts as met so that the resource's own faults are shown too.
    pub(crate) fn is_met(&self, condition: Option<&Node>) -> bool {
        let Some(node) = condition else { return true };
        let met = match node.as_str() {
            Some(name) => self.condition(name, node.at),
            None => Err(Fault::new(node.at, "`Condition` must be the name of a condition")
                .help("define it under `Conditions:` and give its name here".to_owned())
                .into()),
        };
        met.unwrap_or_else(|trouble| {
            self.tell(trouble);
            true
        })
    }

    pub(crate) fn is_active(&self, resource: &Resource) -> bool {
        self.is_met(resource.condition)
    }

    /// Evaluates every condition, so that faults of unused ones are shown too.
    pub(crate) fn check_conditions(&self) {
        for (key, _) in self.template.conditions.values() {
            if let Err(trouble) = self.condition(&key.name, key.at) {
                self.tell(trouble);
            }
        }
    }

    /// The value of a named condition.
    pub(super) fn condition(&self, name: &str, at: Place) -> Resolved<bool> {
        let Some((key, definition)) = self.template.conditions.get(name).copied() else {
            self.spend(1 + self.template.conditions.len() as u64, at)?;
            let names = self.template.conditions.keys().copied();
            let help = self.report.hint(|| {
                did_you_mean(name, names)
                    .or_else(|| Some("define it under `Conditions:`".to_owned()))
            });
            return Err(Fault::new(at, format!("there is no condition `{name}`"))
                .help(help)
                .into());
        };
        let known = self.conditions.borrow().get(key.name.as_str()).cloned();
        match known {
            Some(Known::Is(value)) => return Ok(value),
            Some(Known::Failed) => return Err(Trouble::Reported),
            Some(Known::Underway) => {
                return Err(Fault::new(at, format!("condition `{name}` depends on itself"))
                    .help("break the circle of `Condition` references".to_owned())
                    .into());
            }
            None => {}
        }
        self.conditions.borrow_mut().insert(&key.name, Known::Underway);
        let value = self.test(definition);
        let known = value.as_ref().map_or(Known::Failed, |value| Known::Is(*value));
        self.conditions.borrow_mut().insert(&key.name, known);
        value
    }

    /// Evaluates a condition's expression.
    fn test(&self, expression: &Node) -> Resolved<bool> {
        let _level = self.deeper(expression.at)?;
        let _inside = Level::down(&self.in_conditions);
        let (function, argument) = match expression.as_map().map(Vec::as_slice) {
            Some([(key, argument)]) => (key, argument),
            _ => return Err(not_a_condition(expression).into()),
        };
        match function.name.as_str() {
            "Condition" => match argument.as_str() {
                Some(name) => self.condition(name, argument.at),
                None => Err(not_a_condition(expression).into()),
            },
            "Fn::Equals" => {
                let [a, b] = self.arguments("Fn::Equals", argument)?;
                let (a, b) = (self.resolve(a), self.resolve(b));
                if a.is_poison() || b.is_poison() {
                    return Err(Trouble::Reported);
                }
                Ok(match (a.as_str(), b.as_str()) {
                    (Some(a), Some(b)) => a == b,
                    _ => a == b,
                })
            }
            "Fn::Not" => {
                let [inner] = self.arguments("Fn::Not", argument)?;
                Ok(!self.test(inner)?)
            }
            name @ ("Fn::And" | "Fn::Or") => {
                let parts = argument.as_list().unwrap_or_default();
                if !(2..=10).contains(&parts.len()) {
                    let message = format!("`{name}` takes a list of 2 to 10 conditions");
                    return Err(Fault::new(argument.at, message).into());
                }
                // Every part is evaluated: a fault in one shows whatever the others are.
                let mut values = Vec::with_capacity(parts.len());
                for part in parts {
                    values.push(self.test(part)?);
                }
                Ok(if name == "Fn::And" {
                    values.iter().all(|value| *value)
                } else {
                    values.iter().any(|value| *value)
                })
            }
            _ => Err(not_a_condition(expression).into()),
        }
    }
}

fn not_a_condition(node: &Node) -> Fault {
    Fault::new(node.at, format!("a condition is expected here, not {}", node.describe())).help(
        "use `!Equals`, `!And`, `!Or`, `!Not` or `!Condition NAME`, as in \
         `!Equals [!Ref Stage, prod]`"
            .to_owned(),
    )
}
