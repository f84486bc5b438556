//! Intrinsic functions and pseudo parameters, resolved where a value is read.
//!
//! Resolution is lazy: the branch of an `Fn::If` that is not taken and the properties that
//! Samovar does not read are never resolved, so what is wrong there stops nobody.
//!
//! Source of the rules: CloudFormation user guide, "Intrinsic function reference" and "Pseudo
//! parameters reference".

mod check;
mod condition;
mod destination;
mod event;
mod foreign;
mod functions;
mod gateway;
mod generated;
mod identity;
mod implicit;
pub(crate) mod json;
mod lambda;
mod lookup;
mod nested;
mod network;
mod reference;
mod substitute;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) use gateway::{ApiIdentity, IMPLICIT_HTTP_API, IMPLICIT_REST_API};
pub(crate) use generated::GeneratedQueue;
use generated::GeneratedQueues;
pub(crate) use identity::{API_ID, URL_ID, stable_id};
pub(crate) use json::to_json;
pub(crate) use nested::{Child, is_nested};

use crate::model::Places;
use crate::node::{Key, Kind, Map, Node, Place, Value};
use crate::options::Options;
use crate::parts::Parts;
use crate::queue::Queues;
use crate::report::{Fault, Report};
use crate::targets::Targets;
use crate::template::{self, Resource, Template};

/// Deepest chain of values that need one another. Templates that people write stay far below it,
/// and a thread's stack has room for it several times over.
const MAX_DEPTH: u32 = 64;

/// What resolving one template may cost: a unit for a value or for eight bytes of text.
const MAX_COST: u64 = 3_000_000;

/// Why a value has no resolution.
pub(crate) enum Trouble {
    /// A value that it needs is faulty, which is reported.
    Reported,
    /// This, which is not reported yet.
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(crate) type Resolved<T> = Result<T, Trouble>;

/// How far something that can depend on itself is known.
#[derive(Clone)]
enum Known<T> {
    /// It is being found out: to need it now is a circle.
    Underway,
    Failed,
    Is(T),
}

/// What one load knows, shared by its template and the nested ones.
pub(crate) struct Load<'s> {
    pub(crate) report: &'s Report<'s>,
    pub(crate) options: &'s Options,
    /// Functions, queues and topics by ARN.
    pub(crate) targets: Targets,
    /// Queues by ARN, as far as they are read.
    pub(crate) queues: RefCell<Queues>,
    /// Reads a nested template.
    assemble: Assemble,
    /// What resolving has cost so far.
    cost: Cell<u64>,
}

/// Reads the template with this root and these parameter values into what it adds to the
/// application; `None`: nothing in it can be read. It is handed in, so that resolving values knows
/// nothing of resources' readers.
pub(crate) type Assemble =
    fn(&Rc<Node>, &BTreeMap<String, String>, &Load<'_>, Scope) -> Option<Parts>;

impl<'s> Load<'s> {
    pub(crate) fn new(report: &'s Report<'s>, options: &'s Options, assemble: Assemble) -> Self {
        Self {
            report,
            options,
            targets: Targets::default(),
            queues: RefCell::default(),
            assemble,
            cost: Cell::new(0),
        }
    }
}

/// Where a template stands among those of one load.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// What goes before its logical ids: nothing, or `Orders/` in the nested application `Orders`.
    pub(crate) prefix: String,
    /// Its folder, absolute: relative paths start there.
    pub(crate) base: PathBuf,
    /// Its folder as messages name it.
    pub(crate) shown: PathBuf,
    /// The templates that it is nested in, and itself last.
    templates: Vec<PathBuf>,
}

impl Scope {
    /// The scope of the template itself, which stands at `path` and which messages call `name`.
    pub(crate) fn root(path: &Path, name: &Path) -> Self {
        Self {
            prefix: String::new(),
            base: path.parent().unwrap_or(Path::new("/")).to_owned(),
            shown: name.parent().unwrap_or(Path::new("")).to_owned(),
            templates: vec![path.components().collect()],
        }
    }
}

/// Resolves the values of one template.
pub(crate) struct Resolver<'t> {
    pub(crate) template: &'t Template<'t>,
    pub(crate) load: &'t Load<'t>,
    pub(crate) options: &'t Options,
    pub(crate) report: &'t Report<'t>,
    pub(crate) scope: Scope,
    conditions: RefCell<HashMap<&'t str, Known<bool>>>,
    names: RefCell<HashMap<&'t str, Known<String>>>,
    apis: OnceCell<Vec<ApiIdentity<'t>>>,
    generated_queues: OnceCell<GeneratedQueues>,
    /// Nested applications by logical id.
    children: RefCell<HashMap<&'t str, Known<Rc<Child>>>>,
    depth: Cell<u32>,
    /// Whether the text of an unresolved value was read since the innermost function was called.
    unresolved: Cell<bool>,
    /// How many conditions are being evaluated, one for the other: in them resources have no
    /// values, since conditions say which resources there are.
    in_conditions: Cell<u32>,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(template: &'t Template<'t>, load: &'t Load<'t>, scope: Scope) -> Self {
        Self {
            template,
            load,
            options: load.options,
            report: load.report,
            scope,
            conditions: RefCell::default(),
            names: RefCell::default(),
            apis: OnceCell::new(),
            generated_queues: OnceCell::new(),
            children: RefCell::default(),
            depth: Cell::new(0),
            unresolved: Cell::new(false),
            in_conditions: Cell::new(0),
        }
    }

    /// A logical id of this template as the whole application knows it.
    pub(crate) fn id(&self, logical_id: &str) -> String {
        format!("{}{logical_id}", self.scope.prefix)
    }

    /// A logical id of the application as this template has it.
    pub(crate) fn local<'i>(&self, id: &'i str) -> &'i str {
        id.strip_prefix(self.scope.prefix.as_str()).unwrap_or(id)
    }

    /// The node with every intrinsic in it replaced by its value. Faults are reported and leave
    /// [`Value::Poison`] where they are.
    pub(crate) fn resolve(&self, node: &Node) -> Node {
        self.try_resolve(node).unwrap_or_else(|trouble| {
            self.tell(trouble);
            Node { value: Value::Poison, at: node.at }
        })
    }

    /// As [`resolve`](Self::resolve) for a mapping's entries.
    pub(crate) fn resolve_map(&self, map: &Map) -> Map {
        map.iter()
            .map(|(key, node)| (key.clone(), self.resolve(node)))
            .filter(|(_, node)| node.value != Value::Absent)
            .collect()
    }

    /// A property of a resource over the resource type's globals, resolved.
    pub(crate) fn property(&self, resource: &Resource<'t>, name: &str) -> Option<(Key, Node)> {
        let (key, node) = self.written(resource, name)?;
        let node = self.resolve(&node);
        (node.value != Value::Absent).then_some((key, node))
    }

    /// A property of a resource over the resource type's globals, as it is written.
    pub(crate) fn written(
        &self,
        resource: &Resource<'t>,
        name: &str,
    ) -> Option<(Key, Cow<'t, Node>)> {
        let global = crate::node::entry(self.template.globals.of(resource.kind), name)
            .filter(|_| !self.ignores_globals(resource, name));
        let local = crate::node::entry(resource.properties, name);
        let (key, node) = match (global, local) {
            (None, None) => return None,
            (Some((key, node)), None) | (None, Some((key, node))) => (key, Cow::Borrowed(node)),
            (Some((_, global)), Some((key, local))) => {
                let size = global.size() + local.size();
                if let Err(trouble) = self.spend(size as u64, local.at) {
                    self.tell(trouble);
                    return None;
                }
                (key, Cow::Owned(template::merge(global, local, name)))
            }
        };
        Some((key.clone(), node))
    }

    /// Where a resource's properties stand, those from `Globals` too. A function's `Events` are
    /// placed where they are read.
    pub(crate) fn places(&self, resource: &Resource<'t>) -> Places {
        let mut places = Places::new(self.report.span(resource.at));
        let globals = self.template.globals.of(resource.kind);
        let local = resource.properties;
        let only_global =
            globals.iter().filter(|(key, _)| crate::node::get(local, &key.name).is_none());
        for (key, _) in only_global.chain(local).filter(|(key, _)| key.name != "Events") {
            if let Some((key, node)) = self.written(resource, &key.name) {
                self.report.place(&mut places, &key.name, &node);
            }
        }
        places
    }

    /// Whether the resource's `IgnoreGlobals` leaves out this property.
    fn ignores_globals(&self, resource: &Resource, name: &str) -> bool {
        let Some(ignored) = resource.ignore_globals else { return false };
        match ignored.as_list() {
            Some(names) => names.iter().any(|n| n.as_str() == Some(name)),
            None => ignored.as_str() == Some("*"),
        }
    }

    fn try_resolve(&self, node: &Node) -> Resolved<Node> {
        let _level = self.deeper(node.at)?;
        let text = node.as_str().map_or(0, str::len);
        self.spend(1 + text as u64 / 8, node.at)?;
        if let Some((function, argument)) = node.intrinsic() {
            return self.call_tracking(function, argument, node.at);
        }
        match &node.value {
            Value::Null => Err(Fault::new(node.at, "a value is missing here")
                .help("give it a value, or remove its key".to_owned())
                .into()),
            Value::List(items) => {
                let items = items.iter().map(|item| self.resolve(item));
                let items = items.filter(|item| item.value != Value::Absent).collect();
                Ok(Node { value: Value::List(items), at: node.at })
            }
            Value::Map(map) => {
                if let Some((key, _)) = map.iter().find(|(key, _)| key.name.starts_with("Fn::")) {
                    let message = format!("`{}` must stand alone in its mapping", key.name);
                    return Err(Fault::new(key.at, message)
                        .help("remove the keys beside it".to_owned())
                        .into());
                }
                Ok(Node { value: Value::Map(self.resolve_map(map)), at: node.at })
            }
            _ => Ok(node.clone()),
        }
    }

    /// Calls an intrinsic function; what it makes of unresolved text is unresolved.
    fn call_tracking(&self, function: &Key, argument: &Node, at: Place) -> Resolved<Node> {
        let outer = self.unresolved.replace(false);
        let result = self.call(function, argument, at);
        let inner = self.unresolved.replace(outer);
        match result {
            Ok(mut node) if inner => {
                let items = match &mut node.value {
                    Value::List(items) => items.as_mut_slice(),
                    _ => std::slice::from_mut(&mut node),
                };
                for item in items {
                    if let Value::Scalar(kind, _) = &mut item.value {
                        *kind = Kind::Unresolved;
                    }
                }
                Ok(node)
            }
            // What is asked of a value that is not known here cannot be a fault of the template.
            Err(Trouble::Fault(_)) if inner => Ok(Node::unresolved(function.name.clone(), at)),
            result => result,
        }
    }

    /// The text of a scalar.
    fn text_of<'n>(&self, node: &'n Node) -> Option<&'n str> {
        if node.is_unresolved() {
            self.unresolved.set(true);
        }
        node.as_str()
    }

    /// Reports what is not reported yet.
    pub(crate) fn tell(&self, trouble: Trouble) {
        if let Trouble::Fault(fault) = trouble {
            self.report.fault(fault);
        }
    }

    /// One level further down, as long as the guard lives.
    fn deeper(&self, at: Place) -> Resolved<Level<'_>> {
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            let message = format!("values need one another more than {MAX_DEPTH} levels deep");
            return Err(Fault::new(at, message)
                .help("write one of the values out instead of referring to the next".to_owned())
                .into());
        }
        Ok(Level::down(&self.depth))
    }

    /// Counts what a value costs, so that a small template cannot ask for endless work.
    fn spend(&self, units: u64, at: Place) -> Resolved<()> {
        let before = self.load.cost.get();
        if before > MAX_COST {
            return Err(Trouble::Reported);
        }
        self.load.cost.set(before.saturating_add(units));
        if self.load.cost.get() > MAX_COST {
            return Err(Fault::new(at, "the template's values grow too large when resolved")
                .help("repeat less through intrinsic functions and `Globals`".to_owned())
                .into());
        }
        Ok(())
    }
}

/// A level of nesting, counted as long as it lives.
struct Level<'r>(&'r Cell<u32>);

impl<'r> Level<'r> {
    fn down(count: &'r Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
