//! Names, ARNs and URLs of what Samovar serves.

use super::{Known, Resolved, Resolver, Trouble};
use crate::report::Fault;
use crate::template::Resource;

/// Letters and digits of an API's id, as in `abcde12345.execute-api...`.
pub(crate) const API_ID: usize = 10;

/// Letters and digits of a function URL's id, as in `....lambda-url.us-east-1.on.aws`.
pub(crate) const URL_ID: usize = 32;

impl<'t> Resolver<'t> {
    /// A resource's physical name: what its name property says, or its logical id.
    pub(crate) fn name_of(&self, resource: &Resource<'t>) -> Resolved<String> {
        let known = self.names.borrow().get(resource.id).cloned();
        match known {
            Some(Known::Is(name)) => return Ok(name),
            Some(Known::Failed) => return Err(Trouble::Reported),
            Some(Known::Underway) => {
                let message = format!("the name of {} depends on itself", resource.id);
                return Err(Fault::new(resource.at, message)
                    .help("break the circle: write one of the names out".to_owned())
                    .into());
            }
            None => {}
        }
        self.names.borrow_mut().insert(resource.id, Known::Underway);
        let name = self.find_name(resource);
        let known = name.as_ref().map_or(Known::Failed, |name| Known::Is(name.clone()));
        self.names.borrow_mut().insert(resource.id, known);
        name
    }

    fn find_name(&self, resource: &Resource<'t>) -> Resolved<String> {
        let kind = resource.kind.rsplit("::").next().unwrap_or_default();
        let kind = match kind {
            "SimpleTable" | "GlobalTable" => "Table",
            "LayerVersion" => "Layer",
            kind => kind,
        };
        let written = resource
            .property(&format!("{kind}Name"))
            .or_else(|| resource.property("Name"))
            // A property of another resource type may be called so and be no text at all.
            .filter(|node| node.as_str().is_some() || node.intrinsic().is_some());
        if let Some(node) = written {
            let value = self.try_resolve(node)?;
            if let Some(name) = value.as_str() {
                return Ok(name.to_owned());
            }
            if value.is_poison() {
                return Err(Trouble::Reported);
            }
        }
        Ok(match resource.kind {
            "AWS::S3::Bucket" => self.name(resource.id).to_ascii_lowercase(),
            // CloudFormation adds the suffix that SQS and SNS demand to the names it makes.
            "AWS::SQS::Queue" | "AWS::SNS::Topic" if self.is_fifo(resource) => {
                format!("{}.fifo", self.name(resource.id))
            }
            _ => self.name(resource.id),
        })
    }

    /// The name that a resource gets from its logical id: CloudFormation puts the names of nested
    /// stacks before it too.
    pub(crate) fn name(&self, logical_id: &str) -> String {
        self.id(logical_id).replace('/', "-")
    }

    fn is_fifo(&self, resource: &Resource<'t>) -> bool {
        // A fault in it is reported when the resource's properties are read.
        let fifo = resource.property("FifoQueue").or_else(|| resource.property("FifoTopic"));
        let fifo = fifo.and_then(|node| self.try_resolve(node).ok());
        fifo.and_then(|node| node.as_str().map(|text| text.eq_ignore_ascii_case("true")))
            .unwrap_or(false)
    }

    pub(crate) fn function_arn(&self, name: &str) -> String {
        let options = self.options;
        format!("arn:aws:lambda:{}:{}:function:{name}", options.region, options.account_id)
    }

    pub(crate) fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.options.region, self.options.account_id)
    }

    pub(crate) fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.options.region, self.options.account_id)
    }

    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.options.endpoint, self.options.account_id)
    }

    /// A layer's version, by the layer's name.
    pub(crate) fn layer_arn(&self, name: &str, version: u32) -> String {
        let options = self.options;
        format!("arn:aws:lambda:{}:{}:layer:{name}:{version}", options.region, options.account_id)
    }

    /// Where a function URL answers, with the slash at the end that AWS's have too.
    pub(crate) fn function_url(&self, logical_id: &str) -> String {
        format!("http://{}.localhost:{}/", self.host(logical_id), self.options.http_port)
    }

    /// Where an API answers, without a slash at the end: the plain address where it is the only
    /// one, else a host name of its own.
    pub(crate) fn api_url(&self, logical_id: &str) -> String {
        let port = self.options.http_port;
        match self.apis() {
            [_] if !self.is_nested() => format!("http://127.0.0.1:{port}"),
            _ => format!("http://{}.localhost:{port}", self.host(logical_id)),
        }
    }

    /// Host and port where a WebSocket API answers: the plain address where it is the only one.
    pub(crate) fn web_socket_host(&self, logical_id: &str) -> String {
        let port = self.options.http_port;
        match self.web_sockets().len() {
            1 if !self.is_nested() => format!("127.0.0.1:{port}"),
            _ => format!("{}.localhost:{port}", self.host(logical_id)),
        }
    }

    /// Whether there are several templates: then each API has a host name of its own.
    fn is_nested(&self) -> bool {
        let is_application = |resource: &Resource| resource.kind == "AWS::Serverless::Application";
        !self.scope.prefix.is_empty() || self.template.resources.iter().any(is_application)
    }

    fn host(&self, logical_id: &str) -> String {
        self.name(logical_id).to_ascii_lowercase()
    }
}

/// `length` lower-case letters and digits that follow from a name alone: 64-bit FNV-1a, stretched
/// by hashing on. It is not for secrets; it only has to look like AWS's ids and stay the same.
pub(crate) fn stable_id(name: &str, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut mix = |byte: u8| {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        hash
    };
    for byte in name.bytes() {
        mix(byte);
    }
    (0..length)
        .map(|index| {
            // The high bits are the well-mixed ones.
            let drawn = (mix(0) >> 32) as usize;
            // The first is a letter, so that it is a host name everywhere.
            char::from(ALPHABET[drawn % if index == 0 { 26 } else { 36 }])
        })
        .collect()
}
