//! What a template cannot say about the place it runs in.

use std::collections::BTreeMap;

/// Where the application is served and with which parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Base URL of the AWS port, without a slash at the end. Queue URLs start with it.
    pub endpoint: String,
    /// Port on which HTTP APIs and function URLs are served.
    pub http_port: u16,
    /// What `AWS::Region` resolves to, and the region of every ARN.
    pub region: String,
    /// What `AWS::AccountId` resolves to: twelve digits.
    pub account_id: String,
    /// Values for the template's `Parameters`, before their `Default`s.
    pub parameters: BTreeMap<String, String>,
    /// Values that stand in a configuration file, after `parameters`. Those that the template has
    /// no parameter for are passed over: such a file may serve several templates.
    pub configured: BTreeMap<String, String>,
    /// What functions find in their environment instead of what the template says.
    pub variables: VariableOverrides,
    /// Values that only AWS knows.
    pub values: Values,
}

/// Values in place of those in the template's `Environment.Variables` (SAM CLI's `--env-vars`).
/// As there, only variables that the template has are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableOverrides {
    /// For every function: `Parameters` of the file.
    pub all: BTreeMap<String, String>,
    /// For one function, by its logical id or name. These go before `all`.
    pub functions: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a template takes from the account that it is deployed to. What is not here is named as
/// unresolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Exports of other stacks by name, for `Fn::ImportValue`, and their outputs by
    /// `STACK.OUTPUT`, for `Fn::GetStackOutput`.
    pub exports: BTreeMap<String, String>,
    /// SSM's parameter store, by name: parameters of type `AWS::SSM::Parameter::Value<...>` and
    /// `{{resolve:ssm:NAME}}`.
    pub ssm: BTreeMap<String, String>,
    /// Secrets Manager's secrets, by name or ARN: `{{resolve:secretsmanager:NAME...}}`. The text
    /// of a secret may be JSON.
    pub secrets: BTreeMap<String, String>,
}

impl Default for Options {
    /// `http://127.0.0.1:9000`, HTTP port 3000, `us-east-1`, account `000000000000`, no
    /// values from outside.
    fn default() -> Self {
        Self {
            endpoint: "http://127.0.0.1:9000".to_owned(),
            http_port: 3000,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            parameters: BTreeMap::new(),
            configured: BTreeMap::new(),
            variables: VariableOverrides::default(),
            values: Values::default(),
        }
    }
}
