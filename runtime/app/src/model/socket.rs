//! WebSocket APIs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Integration, LambdaAuthorizer, Span};

/// A WebSocket API, whose messages choose their routes.
#[derive(Clone, Debug)]
pub struct WebSocketApi {
    /// The resource's logical id.
    pub logical_id: String,
    /// `Name`, or the logical id.
    pub name: String,
    /// The API's id, as in its host name on AWS: ten lower-case letters and digits, the same for
    /// the same logical id.
    pub id: String,
    /// Stage name: the first path segment of the API's URL. Of several stages, the first in
    /// template order; `default` where there is none.
    pub stage: String,
    /// `StageVariables`.
    pub stage_variables: BTreeMap<String, String>,
    /// `RouteSelectionExpression`, as it is written: `$request.body.action`.
    pub selection: String,
    /// Routes in template order.
    pub routes: Vec<WebSocketRoute>,
    /// Who is asked before `$connect`; its answers are not kept.
    pub authorizer: Option<LambdaAuthorizer>,
    /// Where the API stands.
    pub span: Span,
}

impl WebSocketApi {
    /// The route with this key.
    pub fn route(&self, key: &str) -> Option<&WebSocketRoute> {
        self.routes.iter().find(|route| route.key == key)
    }
}

/// A route of a WebSocket API with its integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketRoute {
    /// What the selection expression gives: `$connect`, `$disconnect`, `$default`, `join`.
    pub key: String,
    /// What answers.
    pub integration: Integration,
    /// `TimeoutInMillis`; `None`: API Gateway's own limit.
    pub timeout: Option<Duration>,
    /// Whether the answer goes back to the client: the route has a `RouteResponse`.
    pub responds: bool,
    /// Where the route stands.
    pub span: Span,
}

impl WebSocketRoute {
    /// The logical id of the function that is called, where one is.
    pub fn function(&self) -> Option<&str> {
        match &self.integration {
            Integration::Function(id) => Some(id),
            _ => None,
        }
    }
}
