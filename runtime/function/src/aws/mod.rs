//! The AWS SDK for Rust, in both builds from the same source (feature `aws`).
//!
//! ```no_run
//! use aws_sdk_sqs::Client;
//! use samovar_function::{Context, Error, aws};
//! use serde_json::Value;
//!
//! samovar_function::event!({
//!     let queue = std::env::var("QUEUE_URL")?;
//!     let sqs = Client::new(&aws::config());
//!     async move |event: Value, _context: Context| -> Result<(), Error> {
//!         let message = sqs.send_message().queue_url(&queue).message_body(event.to_string());
//!         message.send().await?;
//!         Ok(())
//!     }
//! });
//! ```
//!
//! Depend on the SDK's crates without their default features, which are a native HTTP client and
//! tokio: `aws-sdk-sqs = { version = "1", default-features = false }`.

#[cfg_attr(target_family = "wasm", path = "wasm.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native.rs")]
mod build;

use std::env;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// What the SDK's clients need, from the variables that Lambda and Samovar give every function:
/// `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` (Lambda guide, "Defined runtime environment
/// variables"; AWS SDKs and Tools Reference Guide, "Service-specific endpoints").
///
/// Profiles, the metadata service and roles of other accounts are not looked at. Natively,
/// `aws-config` does that.
///
/// A client made of it and kept in the handler's set-up serves all invocations of its environment.
pub fn config() -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(build::http_client())
        .sleep_impl(build::sleep())
        .service_config(Variables);
    config.set_region(
        variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new),
    );
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(credentials().map(SharedCredentialsProvider::new));
    config.build()
}

fn credentials() -> Option<Credentials> {
    let id = variable("AWS_ACCESS_KEY_ID")?;
    let secret = variable("AWS_SECRET_ACCESS_KEY")?;
    Some(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "Environment"))
}

/// The endpoints of single services.
#[derive(Debug)]
struct Variables;

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        variable(&format!("{}_{service}", key.env()))
    }
}

/// A variable that is set, and not to nothing.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
