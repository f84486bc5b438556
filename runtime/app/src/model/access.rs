//! Who may call the routes of APIs, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{PayloadFormat, Span};

/// What a request must have before a route answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Who may call.
    pub authorization: Authorization,
    /// `ApiKeyRequired` of a REST API's method: an API key of a usage plan.
    pub api_key_required: bool,
    /// The stage's limit for this route; `None`: it has none.
    pub throttle: Option<Throttle>,
}

/// Who may call a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Everybody.
    #[default]
    Open,
    /// `AWS_IAM`: whoever signs with credentials.
    Iam,
    /// Whom an authorizer lets through.
    Authorizer {
        /// The name of one of [`Api::authorizers`](super::Api::authorizers).
        name: String,
        /// `AuthorizationScopes`, of which a token needs one; empty: none.
        scopes: Vec<String>,
    },
}

/// An authorizer of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// Its name, by which routes ask for it; of a plain resource its id, as `Ref` gives it.
    pub name: String,
    /// What it asks.
    pub kind: AuthorizerKind,
    /// Where it stands.
    pub span: Span,
}

/// What an authorizer asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizerKind {
    /// `JWT`, of an HTTP API.
    Jwt(JwtAuthorizer),
    /// `COGNITO_USER_POOLS`, of a REST API.
    UserPools(UserPoolsAuthorizer),
    /// `REQUEST` or `TOKEN`: a function.
    Lambda(LambdaAuthorizer),
    /// One that cannot ask anything here, which is noted; its routes are open.
    Unknown,
}

/// A JWT authorizer of an HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtAuthorizer {
    /// `JwtConfiguration.Issuer`: a URL.
    pub issuer: String,
    /// `JwtConfiguration.Audience`.
    pub audience: Vec<String>,
    /// `IdentitySource`: where the token is.
    pub identity_source: IdentitySource,
}

/// An authorizer of a REST API that takes the tokens of Cognito user pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPoolsAuthorizer {
    /// The pools' issuers, `https://cognito-idp.REGION.amazonaws.com/POOL`.
    pub issuers: Vec<String>,
    /// The header that has the token.
    pub header: String,
    /// `IdentityValidationExpression`: a regular expression for the audience.
    pub validation: Option<String>,
}

/// A Lambda authorizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaAuthorizer {
    /// The function's logical id.
    pub function: String,
    /// What it gets and gives.
    pub form: LambdaAuthorizerForm,
    /// Where the caller's identity is. All must be there, unless the answer is not kept
    /// ([`ttl`](Self::ttl) is 0) and the API is a REST API.
    pub identity_sources: Vec<IdentitySource>,
    /// `IdentityValidationExpression` of a `TOKEN` authorizer: a regular expression that the token
    /// must match before the function is called.
    pub validation: Option<String>,
    /// `AuthorizerResultTtlInSeconds`: how long its answer is kept; 0: not at all.
    pub ttl: Duration,
}

/// The form of a Lambda authorizer's event and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LambdaAuthorizerForm {
    /// `TOKEN` of a REST API: the token alone; a policy comes back.
    Token,
    /// `REQUEST`: the request; a policy comes back, or for `simple` whether it is authorized.
    Request {
        /// `AuthorizerPayloadFormatVersion` of an HTTP API; a REST API has its own 1.0.
        payload_format: PayloadFormat,
        /// `EnableSimpleResponses`.
        simple: bool,
    },
}

/// Where an identity stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// A stage variable.
    StageVariable(String),
    /// A property of the request's context: `httpMethod`, `identity.sourceIp`.
    Context(String),
}

impl IdentitySource {
    /// Reads `$request.header.NAME`, `method.request.querystring.NAME`, `$context.NAME`,
    /// `stageVariables.NAME` and their like (API Gateway guide, "Create a Lambda authorizer" of
    /// HTTP and REST APIs), and `route.request.header.NAME` of WebSocket APIs. `None`: it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('$').unwrap_or(text);
        let text = text.strip_prefix("method.").unwrap_or(text);
        let text = text.strip_prefix("route.").unwrap_or(text);
        let of = |prefix: &str| text.strip_prefix(prefix).filter(|name| !name.is_empty());
        of("request.header.")
            .map(|name| Self::Header(name.to_owned()))
            .or_else(|| of("request.querystring.").map(|name| Self::Query(name.to_owned())))
            .or_else(|| of("stageVariables.").map(|name| Self::StageVariable(name.to_owned())))
            .or_else(|| of("context.").map(|name| Self::Context(name.to_owned())))
    }
}

/// A limit of requests: a token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// Requests a second in the long run; finite, not negative.
    pub rate: f64,
    /// Requests at once.
    pub burst: u32,
}

/// A rate is a finite number.
impl Eq for Throttle {}

/// Where the keys of a REST API's requests are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiKeySource {
    /// `HEADER`: in `x-api-key`.
    #[default]
    Header,
    /// `AUTHORIZER`: in the Lambda authorizer's answer, as `usageIdentifierKey`.
    Authorizer,
}

/// An API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its id, as `Ref` gives it.
    pub id: String,
    /// What clients send: `Value`, or a text of 40 letters and digits that is always the same for
    /// the same logical id.
    pub value: String,
    /// Whether the value was made here.
    pub is_generated: bool,
    /// `Enabled`.
    pub enabled: bool,
}

/// Keys do not belong into logs.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("logical_id", &self.logical_id).finish_non_exhaustive()
    }
}

/// A usage plan of REST APIs.
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its id, as `Ref` gives it.
    pub id: String,
    /// The APIs that its keys are good for, by logical id.
    pub apis: Vec<PlannedApi>,
    /// `Throttle`, for each key.
    pub throttle: Option<Throttle>,
    /// `Quota`, for each key.
    pub quota: Option<Quota>,
    /// Ids of its keys.
    pub keys: Vec<String>,
}

/// An API in a usage plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedApi {
    /// The API's logical id.
    pub api: String,
    /// Limits of methods for each key, by `/orders/GET`.
    pub methods: BTreeMap<String, Throttle>,
}

/// `Quota` of a usage plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `Limit`: requests in a period.
    pub limit: u32,
    /// `Offset`: requests that are taken off the first period.
    pub offset: u32,
    /// `Period`.
    pub period: QuotaPeriod,
}

/// How long a quota lasts. Periods start at midnight UTC: of the day, Sunday, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// `DAY`.
    Day,
    /// `WEEK`.
    Week,
    /// `MONTH`.
    Month,
}
