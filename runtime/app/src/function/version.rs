//! Aliases and provisioned concurrency.
//!
//! Source: CloudFormation's resource reference, "AWS::Lambda::Alias"; SAM's rules in the
//! transform's `samtranslator/model/sam_resources.py`.

use super::Subject;
use crate::node::Node;
use crate::read::Reader;
use crate::report::Fault;

/// The environments that Lambda may provision for one function.
const MAX_PROVISIONED: u32 = 1_000_000;

/// `AutoPublishAlias`.
pub(super) fn auto_published(subject: &Subject) -> Option<String> {
    let alias = subject.property("AutoPublishAlias").filter(|_| subject.is_sam);
    if let Some((_, node)) = alias {
        return self::alias(&subject.reader, "AutoPublishAlias", &node);
    }
    let needs = ["ProvisionedConcurrencyConfig", "VersionDeletionPolicy"];
    for (name, at) in needs.iter().filter_map(|name| Some((name, subject.has(name)?))) {
        if subject.is_sam {
            let message = format!("`{name}` of {} needs an alias", subject.resource.id);
            let help = "add `AutoPublishAlias: live`".to_owned();
            subject.fault(Fault::new(at, message).help(help));
        }
    }
    None
}

/// An alias's name: letters, digits, `-` and `_`, at most 128, and not digits alone.
pub(crate) fn alias(reader: &Reader, name: &str, node: &Node) -> Option<String> {
    let text = reader.text(name, node)?;
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = (1..=128).contains(&text.len())
        && text.chars().all(is_valid)
        && !text.chars().all(|c| c.is_ascii_digit());
    if !is_name && !node.is_unresolved() {
        let help = "use letters, digits, `-` and `_`, at most 128, and not digits alone";
        reader.wrong(name, node, "the name of an alias", help.to_owned());
        return None;
    }
    Some(text.to_owned())
}

/// `ProvisionedConcurrencyConfig` of a function, which is a part of what is reserved for it.
pub(super) fn of_function(subject: &Subject, reserved: Option<u32>) -> Option<u32> {
    let (_, node) = subject.property("ProvisionedConcurrencyConfig").filter(|_| subject.is_sam)?;
    let provisioned = provisioned(&subject.reader, &node)?;
    if let Some(reserved) = reserved.filter(|reserved| *reserved < provisioned) {
        let id = subject.resource.id;
        let message = format!("{id} has {provisioned} provisioned environments of {reserved}");
        let help = "raise `ReservedConcurrentExecutions`, which is the most that may run";
        subject.fault(Fault::new(node.at, message).help(help.to_owned()));
    }
    Some(provisioned)
}

/// `ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions`.
pub(crate) fn provisioned(reader: &Reader, node: &Node) -> Option<u32> {
    let name = "ProvisionedConcurrentExecutions";
    let config = "ProvisionedConcurrencyConfig";
    let map = reader.map(config, node)?;
    reader.only(map, &[name]);
    let Some(number) = node.get(name) else {
        let message = format!("`{config}` of {} has no `{name}`", reader.owner);
        let help = format!("add one: `{name}: 1`");
        reader.report.fault(Fault::new(node.at, message).help(help));
        return None;
    };
    reader.integer(&format!("{config}.{name}"), number, 1..=MAX_PROVISIONED, "")
}
