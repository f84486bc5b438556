//! The table of a function's properties, and the small ones.

use super::Subject;
use crate::property::{Effect, Table};
use crate::report::Fault;

const NO_VERSIONS: Effect = Effect::Missing("no versions and aliases: the newest code is called");

pub(super) const TABLE: &Table = &[
    ("Architectures", Effect::Read),
    ("AssumeRolePolicyDocument", Effect::Accepted),
    ("AutoPublishAlias", NO_VERSIONS),
    ("AutoPublishAliasAllProperties", Effect::Accepted),
    ("AutoPublishCodeSha256", Effect::Accepted),
    ("CapacityProviderConfig", Effect::Missing("environments run here, one invocation each")),
    ("CodeSigningConfigArn", Effect::Accepted),
    ("CodeUri", Effect::Read),
    ("DeadLetterQueue", Effect::Missing("failed asynchronous events are not kept")),
    ("DeploymentPreference", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("DurableConfig", Effect::Missing("executions are not durable")),
    ("Environment", Effect::Read),
    ("EphemeralStorage", Effect::Read),
    ("EventInvokeConfig", Effect::Missing("asynchronous events have no retries and destinations")),
    ("Events", Effect::Read),
    ("FileSystemConfigs", Effect::Missing("not mounted")),
    ("FunctionName", Effect::Read),
    ("FunctionScalingConfig", Effect::Missing("environments are started on demand")),
    ("FunctionUrlConfig", Effect::Read),
    ("Handler", Effect::Read),
    ("ImageConfig", Effect::Accepted),
    ("ImageUri", Effect::Accepted),
    ("InlineCode", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("Layers", Effect::Missing("not mounted: what they bring must be in the code")),
    ("LoggingConfig", Effect::Missing("log lines are text, in one stream an environment")),
    ("MemorySize", Effect::Read),
    ("PackageType", Effect::Read),
    ("PermissionsBoundary", Effect::Accepted),
    ("Policies", Effect::Accepted),
    ("PropagateTags", Effect::Accepted),
    ("ProvisionedConcurrencyConfig", Effect::Missing("environments are started on demand")),
    ("PublishToLatestPublished", Effect::Accepted),
    ("RecursiveLoop", Effect::Accepted),
    ("ReservedConcurrentExecutions", Effect::Read),
    ("Role", Effect::Accepted),
    ("RolePath", Effect::Accepted),
    ("Runtime", Effect::Read),
    ("RuntimeManagementConfig", Effect::Accepted),
    ("SnapStart", Effect::Accepted),
    ("SourceKMSKeyArn", Effect::Accepted),
    ("Tags", Effect::Accepted),
    ("TenancyConfig", Effect::Missing("tenants share environments")),
    ("Timeout", Effect::Read),
    ("Tracing", Effect::Accepted),
    ("VersionDeletionPolicy", Effect::Accepted),
    ("VersionDescription", Effect::Accepted),
    ("VpcConfig", Effect::Accepted),
];

/// `EphemeralStorage.Size`.
pub(super) fn ephemeral_storage(subject: &Subject) -> Option<u32> {
    let (key, node) = subject.property("EphemeralStorage")?;
    let map = subject.reader.map("EphemeralStorage", &node)?;
    subject.reader.only(map, &["Size"]);
    match node.get("Size") {
        Some(size) => subject.reader.integer("EphemeralStorage.Size", size, 512..=10_240, "MB"),
        None => {
            let message = format!("`EphemeralStorage` of {} has no `Size`", subject.resource.id);
            subject.fault(Fault::new(key.at, message).help("add one: `Size: 512`".to_owned()));
            None
        }
    }
}

/// `Architectures`: one of two. Functions run on the machine's own, whichever it is.
pub(super) fn check_architectures(subject: &Subject) {
    let Some((_, node)) = subject.property("Architectures") else { return };
    let Some(list) = subject.reader.list("Architectures", &node) else { return };
    if list.len() != 1 {
        subject.reader.wrong("Architectures", &node, "a list of one architecture", None);
    }
    for item in list {
        subject.reader.choice("Architectures", item, &["arm64", "x86_64"]);
    }
}
