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
}

impl Default for Options {
    /// `http://127.0.0.1:9000`, HTTP port 3000, `us-east-1`, account `000000000000`, no
    /// parameter values.
    fn default() -> Self {
        Self {
            endpoint: "http://127.0.0.1:9000".to_owned(),
            http_port: 3000,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            parameters: BTreeMap::new(),
        }
    }
}
