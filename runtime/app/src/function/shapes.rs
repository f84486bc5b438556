//! Shapes of the properties that are checked and nothing more.
//!
//! Source: CloudFormation's resource reference, "AWS::Lambda::Function" (its schema has the
//! bounds), and the SAM developer guide, "AWS::Serverless::Function".

use crate::shape::{Field, Optional, Required, Shape};

/// Longest text that has no bound of its own.
const LONG: usize = 10_000;

/// What functions of both kinds have.
pub(super) const COMMON: &[Field] = &[
    Field("CodeSigningConfigArn", Optional, Shape::Arn),
    Field("DurableConfig", Optional, Shape::Map(DURABLE)),
    Field("FileSystemConfigs", Optional, Shape::List(1, &Shape::Map(FILE_SYSTEM))),
    Field("FunctionScalingConfig", Optional, Shape::Map(SCALING)),
    Field("ImageConfig", Optional, Shape::Map(IMAGE)),
    Field("KmsKeyArn", Optional, Shape::Arn),
    Field("PublishToLatestPublished", Optional, Shape::Boolean),
    Field("RecursiveLoop", Optional, Shape::Choice(&["Allow", "Terminate"])),
    Field("RuntimeManagementConfig", Optional, Shape::Map(RUNTIME_MANAGEMENT)),
    Field("TenancyConfig", Optional, Shape::Map(TENANCY)),
    Field("VpcConfig", Optional, Shape::Map(VPC)),
];

/// What only SAM's have.
pub(super) const SAM: &[Field] = &[
    Field("AssumeRolePolicyDocument", Optional, Shape::Any),
    Field("AutoPublishAliasAllProperties", Optional, Shape::Boolean),
    Field("AutoPublishCodeSha256", Optional, Shape::Text(LONG)),
    Field("CapacityProviderConfig", Optional, Shape::Map(SAM_CAPACITY)),
    Field("DeploymentPreference", Optional, Shape::Map(DEPLOYMENT)),
    Field("PermissionsBoundary", Optional, Shape::Arn),
    Field("PropagateTags", Optional, Shape::Boolean),
    Field("Role", Optional, Shape::Text(LONG)),
    Field("RolePath", Optional, Shape::Text(512)),
    Field("SourceKMSKeyArn", Optional, Shape::Arn),
    Field("VersionDeletionPolicy", Optional, Shape::Choice(&["Delete", "Retain"])),
    Field("VersionDescription", Optional, Shape::Text(256)),
];

/// What only CloudFormation's have.
pub(super) const PLAIN: &[Field] = &[
    Field("CapacityProviderConfig", Optional, Shape::Map(PLAIN_CAPACITY)),
    Field("Role", Required, Shape::Arn),
    Field("Tags", Optional, Shape::List(LONG, &Shape::Map(TAG))),
];

const DURABLE: &[Field] = &[
    Field("ExecutionTimeout", Required, Shape::Integer(1, 31_622_400, "seconds")),
    Field("KMSKeyArn", Optional, Shape::Arn),
    Field("RetentionPeriodInDays", Optional, Shape::Integer(1, 90, "days")),
];

const FILE_SYSTEM: &[Field] = &[
    Field("Arn", Required, Shape::Arn),
    Field("LocalMountPath", Required, Shape::Text(160)),
    Field("S3FilesConfig", Optional, Shape::Map(S3_FILES)),
];

const S3_FILES: &[Field] =
    &[Field("DirectS3Read", Optional, Shape::Choice(&["ENABLED", "DISABLED", "AUTO"]))];

/// Of functions on a capacity provider; of their versions too.
pub(crate) const SCALING: &[Field] = &[
    Field("MaxExecutionEnvironments", Optional, Shape::Integer(0, 15_000, "")),
    Field("MinExecutionEnvironments", Optional, Shape::Integer(0, 15_000, "")),
];

const IMAGE: &[Field] = &[
    Field("Command", Optional, Shape::List(1500, &Shape::Text(LONG))),
    Field("EntryPoint", Optional, Shape::List(1500, &Shape::Text(LONG))),
    Field("WorkingDirectory", Optional, Shape::Text(1000)),
];

const RUNTIME_MANAGEMENT: &[Field] = &[
    Field("RuntimeVersionArn", Optional, Shape::Arn),
    Field("UpdateRuntimeOn", Required, Shape::Choice(&["Auto", "FunctionUpdate", "Manual"])),
];

const TENANCY: &[Field] = &[Field("TenantIsolationMode", Required, Shape::Choice(&["PER_TENANT"]))];

const VPC: &[Field] = &[
    Field("Ipv6AllowedForDualStack", Optional, Shape::Boolean),
    Field("SecurityGroupIds", Optional, Shape::List(5, &Shape::Text(1024))),
    Field("SubnetIds", Optional, Shape::List(16, &Shape::Text(1024))),
];

const SAM_CAPACITY: &[Field] = &[
    Field("Arn", Required, Shape::Text(140)),
    Field("ExecutionEnvironmentMemoryGiBPerVCpu", Optional, Shape::Any),
    Field("PerExecutionEnvironmentMaxConcurrency", Optional, Shape::Integer(1, 1600, "")),
];

const PLAIN_CAPACITY: &[Field] =
    &[Field("LambdaManagedInstancesCapacityProviderConfig", Required, Shape::Map(INSTANCES))];

const INSTANCES: &[Field] = &[
    Field("CapacityProviderArn", Required, Shape::Text(140)),
    Field("ExecutionEnvironmentMemoryGiBPerVCpu", Optional, Shape::Any),
    Field("PerExecutionEnvironmentMaxConcurrency", Optional, Shape::Integer(1, 1600, "")),
];

const DEPLOYMENT: &[Field] = &[
    Field("Alarms", Optional, Shape::Any),
    Field("Enabled", Optional, Shape::Boolean),
    Field("Hooks", Optional, Shape::Map(HOOKS)),
    Field("PassthroughCondition", Optional, Shape::Boolean),
    Field("Role", Optional, Shape::Text(LONG)),
    Field("TriggerConfigurations", Optional, Shape::Any),
    Field("Type", Optional, Shape::Text(LONG)),
];

const HOOKS: &[Field] = &[
    Field("PostTraffic", Optional, Shape::Text(LONG)),
    Field("PreTraffic", Optional, Shape::Text(LONG)),
];

const TAG: &[Field] =
    &[Field("Key", Required, Shape::Text(128)), Field("Value", Optional, Shape::Text(256))];
