//! The properties of functions, SAM's and CloudFormation's.

use crate::property::{Effect, Table};

const ALIASES: Effect = Effect::Missing("no versions and aliases: the newest code is called");
const CAPACITY: Effect = Effect::Missing("environments run here, one invocation each");
const DURABLE: Effect = Effect::Missing("executions are not durable");
const FILE_SYSTEMS: Effect = Effect::Missing("not mounted");
const ON_DEMAND: Effect = Effect::Missing("environments are started on demand");
const TENANTS: Effect = Effect::Missing("tenants share environments");

/// `AWS::Serverless::Function` (SAM developer guide; `property_types` of `SamFunction` in the
/// transform's `samtranslator/model/sam_resources.py`).
pub(super) const SAM: &Table = &[
    ("Architectures", Effect::Read),
    ("AssumeRolePolicyDocument", Effect::Accepted),
    ("AutoPublishAlias", ALIASES),
    ("AutoPublishAliasAllProperties", Effect::Accepted),
    ("AutoPublishCodeSha256", Effect::Accepted),
    ("CapacityProviderConfig", CAPACITY),
    ("CodeSigningConfigArn", Effect::Accepted),
    ("CodeUri", Effect::Read),
    ("DeadLetterQueue", Effect::Read),
    ("DeploymentPreference", Effect::Accepted),
    ("Description", Effect::Read),
    ("DurableConfig", DURABLE),
    ("Environment", Effect::Read),
    ("EphemeralStorage", Effect::Read),
    ("EventInvokeConfig", Effect::Read),
    ("Events", Effect::Read),
    ("FileSystemConfigs", FILE_SYSTEMS),
    ("FunctionName", Effect::Read),
    ("FunctionScalingConfig", ON_DEMAND),
    ("FunctionUrlConfig", Effect::Read),
    ("Handler", Effect::Read),
    ("ImageConfig", Effect::Accepted),
    ("ImageUri", Effect::Read),
    ("InlineCode", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("Layers", Effect::Read),
    ("LoggingConfig", Effect::Read),
    ("MemorySize", Effect::Read),
    ("PackageType", Effect::Read),
    ("PermissionsBoundary", Effect::Accepted),
    ("Policies", Effect::Accepted),
    ("PropagateTags", Effect::Accepted),
    ("ProvisionedConcurrencyConfig", Effect::Read),
    ("PublishToLatestPublished", Effect::Accepted),
    ("RecursiveLoop", Effect::Accepted),
    ("ReservedConcurrentExecutions", Effect::Read),
    ("Role", Effect::Accepted),
    ("RolePath", Effect::Accepted),
    ("Runtime", Effect::Read),
    ("RuntimeManagementConfig", Effect::Accepted),
    ("SnapStart", Effect::Read),
    ("SourceKMSKeyArn", Effect::Accepted),
    ("Tags", Effect::Accepted),
    ("TenancyConfig", TENANTS),
    ("Timeout", Effect::Read),
    ("Tracing", Effect::Read),
    ("VersionDeletionPolicy", Effect::Accepted),
    ("VersionDescription", Effect::Accepted),
    ("VpcConfig", Effect::Accepted),
];

/// `AWS::Lambda::Function` (CloudFormation's resource reference).
pub(super) const PLAIN: &Table = &[
    ("Architectures", Effect::Read),
    ("CapacityProviderConfig", CAPACITY),
    ("Code", Effect::Read),
    ("CodeSigningConfigArn", Effect::Accepted),
    ("DeadLetterConfig", Effect::Read),
    ("Description", Effect::Read),
    ("DurableConfig", DURABLE),
    ("Environment", Effect::Read),
    ("EphemeralStorage", Effect::Read),
    ("FileSystemConfigs", FILE_SYSTEMS),
    ("FunctionName", Effect::Read),
    ("FunctionScalingConfig", ON_DEMAND),
    ("Handler", Effect::Read),
    ("ImageConfig", Effect::Accepted),
    ("KmsKeyArn", Effect::Accepted),
    ("Layers", Effect::Read),
    ("LoggingConfig", Effect::Read),
    ("MemorySize", Effect::Read),
    ("PackageType", Effect::Read),
    ("PublishToLatestPublished", Effect::Accepted),
    ("RecursiveLoop", Effect::Accepted),
    ("ReservedConcurrentExecutions", Effect::Read),
    ("Role", Effect::Accepted),
    ("Runtime", Effect::Read),
    ("RuntimeManagementConfig", Effect::Accepted),
    ("SnapStart", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TenancyConfig", TENANTS),
    ("Timeout", Effect::Read),
    ("TracingConfig", Effect::Read),
    ("VpcConfig", Effect::Accepted),
];
