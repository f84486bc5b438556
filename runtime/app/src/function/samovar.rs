//! `Metadata: Samovar`: what SAM has no property for. AWS and the SAM CLI pass over it.

use std::num::NonZeroU32;

use super::Subject;
use crate::model::{AllowedHost, Kind};
use crate::node::{Node, Place};

const KNOWN: &[&str] = &["AllowedHosts", "Reuse"];

/// Most requests that one isolate may serve. A bound, so that what a guest leaks ends some time.
const MOST_REUSE: u32 = 1_000_000;

/// The settings of a function that are Samovar's own.
#[derive(Debug, Default)]
pub(super) struct Samovar {
    pub(super) allowed_hosts: Vec<AllowedHost>,
    pub(super) reuse: Option<Reuse>,
}

/// `Reuse`, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reuse {
    pub(super) requests: NonZeroU32,
    pub(super) at: Place,
}

impl Samovar {
    pub(super) fn read(subject: &Subject, kind: Kind) -> Self {
        let node = subject.resource.metadata.and_then(|metadata| metadata.get("Samovar"));
        let Some(node) = node.map(|node| subject.resolver.resolve(node)) else {
            return Self::default();
        };
        let Some(map) = subject.reader.map("Metadata.Samovar", &node) else {
            return Self::default();
        };
        subject.reader.only(map, KNOWN);
        Self {
            allowed_hosts: allowed_hosts(subject, kind, node.get("AllowedHosts")),
            reuse: reuse(subject, kind, node.get("Reuse")),
        }
    }
}

/// `Reuse`: a number of requests.
fn reuse(subject: &Subject, kind: Kind, node: Option<&Node>) -> Option<Reuse> {
    const NAME: &str = "Metadata.Samovar.Reuse";
    let node = node?;
    let requests = subject.reader.integer(NAME, node, 1..=MOST_REUSE, "requests")?;
    if kind == Kind::Process {
        let path = format!("Resources.{}.{NAME}", subject.resource.id);
        let note = "holds for WASM functions only: a native environment is always used again";
        subject.reader.report.note(node.at, path, note);
    }
    Some(Reuse { requests: NonZeroU32::new(requests)?, at: node.at })
}

/// `AllowedHosts`: a list of hosts.
fn allowed_hosts(subject: &Subject, kind: Kind, node: Option<&Node>) -> Vec<AllowedHost> {
    const NAME: &str = "Metadata.Samovar.AllowedHosts";
    let Some(node) = node else { return Vec::new() };
    let Some(list) = subject.reader.list(NAME, node) else { return Vec::new() };
    if kind == Kind::Process {
        let path = format!("Resources.{}.{NAME}", subject.resource.id);
        let note = "holds for WASM functions only: a native one reaches every host";
        subject.reader.report.note(node.at, path, note);
    }
    let host = |(index, node)| allowed_host(subject, &format!("{NAME}[{index}]"), node);
    list.iter().enumerate().filter_map(host).collect()
}

fn allowed_host(subject: &Subject, name: &str, node: &Node) -> Option<AllowedHost> {
    let text = subject.reader.text(name, node)?;
    if node.is_unresolved() {
        let path = format!("Resources.{}.{name}", subject.resource.id);
        subject.reader.report.note(node.at, path, "only AWS knows the host: it is not allowed");
        return None;
    }
    match text.parse() {
        Ok(host) => Some(host),
        Err(error) => {
            subject.reader.wrong(name, node, "a host", error.to_string());
            None
        }
    }
}
