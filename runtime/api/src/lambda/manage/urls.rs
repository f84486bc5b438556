//! Function URLs, served by host name on the port of HTTP APIs.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::input::{Query, invalid, read};
use super::record::{CorsConfig, Record, UrlConfig};
use super::{Answer, Functions, no_resource, nothing, ok};
use crate::reply;

/// `CreateFunctionUrlConfigRequest`, and `UpdateFunctionUrlConfigRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    auth_type: Option<String>,
    cors: Option<CorsConfig>,
    invoke_mode: Option<String>,
}

impl Functions {
    pub(super) fn get_url(&self, name: &str) -> Answer {
        let (record, _) = self.find(name)?;
        let url = record.url.as_ref().ok_or_else(no_resource)?;
        Ok(ok(&self.url_document(&record, url)))
    }

    pub(super) fn list_urls(&self, name: &str, query: &Query) -> Answer {
        let (record, _) = self.find(name)?;
        let urls = record.url.iter().map(|url| self.url_document(&record, url)).collect();
        Ok(ok(&query.page("FunctionUrlConfigs", urls, 50)?))
    }

    pub(super) async fn create_url(&self, name: &str, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        if record.url.is_some() {
            return Err(LambdaError::Conflict(format!(
                "Failed to create function url config for [functionArn = {}]. Error message:  \
                 FunctionUrlConfig exists for this Lambda function",
                record.latest.function_arn
            )));
        }
        let created = self.timestamp();
        let url = UrlConfig {
            auth_type: String::new(),
            invoke_mode: "BUFFERED".to_owned(),
            cors: None,
            modified: created.clone(),
            created,
        };
        let document = self.put_url(&record, url, input).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) async fn update_url(&self, name: &str, body: &[u8]) -> Answer {
        let input: Input = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut url = record.url.clone().ok_or_else(no_resource)?;
        url.modified = self.timestamp();
        let document = self.put_url(&record, url, input).await?;
        Ok(ok(&document))
    }

    pub(super) async fn delete_url(&self, name: &str) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        if record.url.is_none() {
            return Err(no_resource());
        }
        let record = Record { url: None, ..Record::clone(&record) };
        self.commit(record.clone()).await?;
        self.parts().gateway.set_url(&record.function(&record.latest));
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    async fn put_url(
        &self,
        record: &Record,
        mut url: UrlConfig,
        input: Input,
    ) -> Result<Value, LambdaError> {
        if let Some(auth_type) = input.auth_type {
            url.auth_type = auth_type;
        }
        if let Some(mode) = input.invoke_mode {
            url.invoke_mode = mode;
        }
        if input.cors.is_some() {
            url.cors = input.cors;
        }
        check(&url.auth_type, "authType", &["NONE", "AWS_IAM"])?;
        check(&url.invoke_mode, "invokeMode", &["BUFFERED", "RESPONSE_STREAM"])?;
        let document = self.url_document(record, &url);
        let record = Record { url: Some(url), ..record.clone() };
        self.commit(record.clone()).await?;
        self.parts().gateway.set_url(&record.function(&record.latest));
        Ok(document)
    }

    fn url_document(&self, record: &Record, url: &UrlConfig) -> Value {
        // The gateway's names: those of the template are logical ids, with `-` for `/`.
        let function = record.function(&record.latest);
        let host = function.logical_id.replace('/', "-").to_ascii_lowercase();
        let mut document = json!({
            "FunctionUrl": format!("http://{host}.localhost:{}/", self.parts().http_port),
            "FunctionArn": record.latest.function_arn,
            "AuthType": url.auth_type,
            "CreationTime": url.created,
            "LastModifiedTime": url.modified,
            "InvokeMode": url.invoke_mode,
        });
        if let Some(cors) = &url.cors {
            document["Cors"] = json!(cors);
        }
        document
    }
}

fn check(value: &str, member: &str, values: &[&str]) -> Result<(), LambdaError> {
    if values.contains(&value) {
        return Ok(());
    }
    let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
    Err(invalid(value, member, &constraint))
}
