//! An API while it is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::{Access, Api, ApiKeySource, ApiKind};
use crate::node::{self, Key, Map, Node, Value};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{ApiIdentity, Resolver};
use crate::template::Resource;

/// An API while it is read.
pub(super) struct Subject<'r, 't> {
    pub(super) resolver: &'r Resolver<'t>,
    /// `None`: the API is implicit, and has what `Globals` say.
    pub(super) resource: Option<&'r Resource<'t>>,
    pub(super) identity: &'r ApiIdentity<'t>,
    pub(super) reader: Reader<'t>,
    pub(super) stage_variables: BTreeMap<String, String>,
    /// What routes of its definition need that say nothing.
    pub(super) default_access: Access,
}

impl<'r, 't> Subject<'r, 't> {
    pub(super) fn new(
        resolver: &'r Resolver<'t>,
        resource: Option<&'r Resource<'t>>,
        identity: &'r ApiIdentity<'t>,
    ) -> Self {
        let reader = Reader { report: resolver.report, owner: identity.logical_id.to_owned() };
        Self {
            resolver,
            resource,
            identity,
            reader,
            stage_variables: BTreeMap::new(),
            default_access: Access::default(),
        }
    }

    /// SAM's type, whose globals it has.
    pub(super) fn sam_type(&self) -> &'static str {
        match self.identity.kind {
            ApiKind::Http => "AWS::Serverless::HttpApi",
            ApiKind::Rest => "AWS::Serverless::Api",
        }
    }

    /// Where its globals stand.
    pub(super) fn globals_path(&self) -> &'static str {
        match self.identity.kind {
            ApiKind::Http => "Globals.HttpApi",
            ApiKind::Rest => "Globals.Api",
        }
    }

    /// Where it stands, for notes.
    pub(super) fn path(&self) -> String {
        match self.resource {
            Some(resource) => format!("Resources.{}", resource.id),
            None => self.identity.logical_id.to_owned(),
        }
    }

    /// A property over its globals, resolved.
    pub(super) fn property(&self, name: &str) -> Option<(Key, Node)> {
        match self.resource {
            Some(resource) => self.resolver.property(resource, name),
            None => {
                let globals = self.resolver.template.globals.of(self.sam_type());
                let (key, node) = node::entry(globals, name)?;
                let node = self.resolver.resolve(node);
                (node.value != Value::Absent).then(|| (key.clone(), node))
            }
        }
    }

    /// A property of the resource itself that holds a definition, resolved at its top only.
    pub(super) fn body(&self, name: &str) -> Option<Cow<'t, Node>> {
        let body = open(self.resolver, self.resource?.property(name)?);
        (body.value != Value::Absent).then_some(body)
    }

    /// A property's text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, node) = self.property(name)?;
        self.reader.text(name, &node).map(str::to_owned)
    }

    /// Values by their names, as stage variables are given.
    pub(super) fn texts(&self, name: &str) -> BTreeMap<String, String> {
        match self.property(name) {
            Some((_, node)) => texts(&self.reader, name, &node),
            None => BTreeMap::new(),
        }
    }

    /// The API with nothing in it.
    pub(super) fn empty(&self, stage: &str) -> Api {
        let report = self.resolver.report;
        Api {
            logical_id: self.resolver.id(self.identity.logical_id),
            kind: self.identity.kind,
            name: self.identity.logical_id.to_owned(),
            id: self.identity.id.clone(),
            stage: stage.to_owned(),
            stage_variables: BTreeMap::new(),
            base_paths: Vec::new(),
            routes: Vec::new(),
            cors: None,
            binary_media_types: Vec::new(),
            authorizers: Vec::new(),
            api_key_source: ApiKeySource::default(),
            preflight: Access::default(),
            access_log: None,
            minimum_compression: None,
            policy: None,
            gateway_responses: BTreeMap::new(),
            span: self.resource.map(|resource| report.span(resource.at)),
        }
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.resolver.report.fault(fault);
    }
}

/// Values by their names, as stage variables are given.
pub(super) fn texts(reader: &Reader, name: &str, node: &Node) -> BTreeMap<String, String> {
    let entries = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let texts = entries.iter().filter_map(|(key, node)| {
        Some((key.name.clone(), reader.text(&format!("{name}.{}", key.name), node)?.to_owned()))
    });
    texts.collect()
}

/// The items of a list of texts; one text is a list of one.
pub(super) fn items(reader: &Reader, name: &str, node: &Node) -> Vec<String> {
    let single = std::slice::from_ref(node);
    let nodes = match &node.value {
        Value::Scalar(..) => single,
        _ => reader.list(name, node).unwrap_or_default(),
    };
    nodes.iter().filter_map(|node| reader.text(name, node).map(str::to_owned)).collect()
}

/// A value with nothing left to resolve at its top: what is in it may still have intrinsics, so
/// that the parts of a definition that nobody reads are never resolved.
pub(super) fn open<'n>(resolver: &Resolver, node: &'n Node) -> Cow<'n, Node> {
    match node.intrinsic() {
        Some(_) => Cow::Owned(resolver.resolve(node)),
        None => Cow::Borrowed(node),
    }
}
