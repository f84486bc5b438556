//! The sections of a template and the frame of its resources.
//!
//! Source: CloudFormation user guide, "Template sections", and the SAM developer guide, "AWS SAM
//! template anatomy".

mod globals;
mod parameter;
mod sections;

use std::collections::{BTreeMap, HashMap};

pub(crate) use globals::{Globals, merge};
pub(crate) use parameter::{Parameter, items};

use crate::node::{Key, Map, Node, Place};

/// A template by its sections. Nothing is resolved yet.
pub(crate) struct Template<'t> {
    pub(crate) description: Option<&'t str>,
    pub(crate) parameters: BTreeMap<&'t str, Parameter>,
    pub(crate) mappings: &'t Map,
    pub(crate) conditions: BTreeMap<&'t str, (&'t Key, &'t Node)>,
    pub(crate) globals: Globals<'t>,
    pub(crate) resources: Vec<Resource<'t>>,
    pub(crate) outputs: &'t Map,
    /// Whether `AWS::LanguageExtensions` is among the transforms.
    pub(crate) language_extensions: bool,
    index: HashMap<&'t str, usize>,
}

/// One entry of `Resources`.
pub(crate) struct Resource<'t> {
    /// The logical id.
    pub(crate) id: &'t str,
    /// Where the logical id stands.
    pub(crate) at: Place,
    /// `Type`, and where it stands.
    pub(crate) kind: &'t str,
    pub(crate) kind_at: Place,
    /// `Properties`; empty where there are none.
    pub(crate) properties: &'t Map,
    /// `Metadata`.
    pub(crate) metadata: Option<&'t Node>,
    /// `Condition`.
    pub(crate) condition: Option<&'t Node>,
    /// `DependsOn`.
    pub(crate) depends_on: Option<&'t Node>,
    /// SAM's `IgnoreGlobals`.
    pub(crate) ignore_globals: Option<&'t Node>,
}

impl<'t> Template<'t> {
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource<'t>> {
        self.index.get(id).map(|index| &self.resources[*index])
    }
}

impl<'t> Resource<'t> {
    /// A property as the resource itself has it, without `Globals`, unresolved.
    pub(crate) fn property(&self, name: &str) -> Option<&'t Node> {
        crate::node::get(self.properties, name)
    }
}

/// Whether a name is a logical id of CloudFormation's: letters and digits, at most 255.
pub(crate) fn is_id(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_logical_id(key: &Key) -> bool {
    is_id(&key.name)
}
