//! The properties of functions, SAM's and CloudFormation's.

use crate::property::{Effect, Table};

const ALIASES: Effect = Effect::Missing("no versions and aliases: the newest code is called");
const CAPACITY: Effect = Effect::Missing("environments run here, one invocation each");
const DEAD_LETTERS: Effect = Effect::Missing("failed asynchronous events are not kept");
const DURABLE: Effect = Effect::Missing("executions are not durable");
const FILE_SYSTEMS: Effect = Effect::Missing("not mounted");
const LAYERS: Effect = Effect::Missing("not mounted: what they bring must be in the code");
const LOGGING: Effect = Effect::Missing("log lines are text, in one stream an environment");
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
    ("DeadLetterQueue", DEAD_LETTERS),
    ("DeploymentPreference", Effect::Accepted),
    ("Description", Effect::Read),
    ("DurableConfig", DURABLE),
    ("Environment", Effect::Read),
    ("EphemeralStorage", Effect::Read),
    ("EventInvokeConfig", Effect::Missing(NO_RETRIES)),
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
    ("Layers", LAYERS),
    ("LoggingConfig", LOGGING),
    ("MemorySize", Effect::Read),
    ("PackageType", Effect::Read),
    ("PermissionsBoundary", Effect::Accepted),
    ("Policies", Effect::Accepted),
    ("PropagateTags", Effect::Accepted),
    ("ProvisionedConcurrencyConfig", ON_DEMAND),
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
    ("DeadLetterConfig", DEAD_LETTERS),
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
    ("Layers", LAYERS),
    ("LoggingConfig", LOGGING),
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

/// What settings of asynchronous invocations mean here, of a function and apart from one.
pub(crate) const NO_RETRIES: &str = "asynchronous events have no retries and destinations";
