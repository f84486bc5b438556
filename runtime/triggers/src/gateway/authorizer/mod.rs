//! Who may call, and how often: between routing and the function.
//!
//! The order is API Gateway's: the authorizer, then the API key (which the authorizer may have
//! named), then the limits of its usage plan, then those of the stage (API Gateway guide,
//! "Throttle requests to your REST APIs").

mod bucket;
mod iam;
mod identity;
mod jwt;
mod lambda;
mod plans;
mod policy;
mod refusal;
mod source;
mod token;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use samovar_app::{
    Access, Api, ApiKey, ApiKeySource, Authorization, AuthorizerKind, Function, Route, UsagePlan,
};
use samovar_dispatch::{Account, Dispatcher};
use samovar_http::Verifier;
use thiserror::Error;

use self::bucket::Bucket;
use self::iam::Caller;
pub(super) use self::identity::Identity;
use self::identity::Proof;
use self::jwt::Issuer;
use self::lambda::Lambda;
pub(super) use self::lambda::connect;
use self::plans::Plans;
pub(super) use self::policy::Facts;
use self::policy::{ResourcePolicy, Verdict};
pub(super) use self::refusal::Refusal;
use self::refusal::RefusalKind;
use self::token::{Jwt, Pools};
use super::endpoint::Front;
use super::event::Source;
use super::route::Answers;

/// What the template does not say of who may call.
#[derive(Clone, Default)]
pub struct Authorizing {
    /// Who may sign requests to what has `AWS_IAM`; `None`: everybody, signed or not.
    pub verifier: Option<Verifier>,
    /// Files with the keys of issuers of tokens (JSON Web Key Sets, RFC 7517), by the issuer's URL.
    /// The others are asked for theirs.
    pub key_files: BTreeMap<String, PathBuf>,
    /// The application's API keys.
    pub api_keys: Vec<ApiKey>,
    /// The application's usage plans.
    pub usage_plans: Vec<UsagePlan>,
}

/// A file with the keys of an issuer that cannot be used.
#[derive(Debug, Error)]
#[error("the keys of {issuer}: {}: {reason}", .file.display())]
pub struct KeyFileError {
    issuer: String,
    file: PathBuf,
    reason: String,
}

impl Authorizing {
    /// Reads the files with keys once, so that what is wrong with one is said at the start and not
    /// by refusing tokens.
    ///
    /// # Errors
    /// A file cannot be read, is no key set, or has no key that can verify a token.
    pub fn check_key_files(&self) -> Result<(), KeyFileError> {
        for (issuer, file) in &self.key_files {
            jwt::check_file(file).map_err(|reason| KeyFileError {
                issuer: issuer.clone(),
                file: file.clone(),
                reason,
            })?;
        }
        Ok(())
    }
}

/// Who may call what.
#[derive(Default)]
pub(super) struct Authorizers {
    verifier: Option<Verifier>,
    plans: Plans,
    /// By logical id.
    apis: HashMap<String, ApiAccess>,
}

/// Who may call the routes of an API.
#[derive(Default)]
struct ApiAccess {
    stage_variables: BTreeMap<String, String>,
    authorizers: HashMap<String, Authorizer>,
    key_source: ApiKeySource,
    /// By route key.
    routes: HashMap<String, RouteAccess>,
    preflight: RouteAccess,
    /// `Policy` of a REST API, boxed: most have none.
    policy: Option<Box<ResourcePolicy>>,
}

#[derive(Default)]
struct RouteAccess {
    access: Access,
    bucket: Option<Bucket>,
}

enum Authorizer {
    Jwt(Jwt),
    Pools(Pools),
    Lambda(Box<Lambda>),
}

impl Authorizers {
    /// The authorizers of these APIs.
    pub(super) fn new(
        apis: &[Api],
        functions: &[Arc<Function>],
        account: &Account,
        settings: Authorizing,
    ) -> Self {
        let Authorizing { verifier, key_files, api_keys, usage_plans } = settings;
        let mut issuers = HashMap::new();
        // One for all authorizers that name it, so that its keys are kept once.
        let mut issuer = |url: &str| {
            let known = issuers.entry(url.to_owned());
            known.or_insert_with(|| Issuer::new(url, key_files.get(url).cloned())).clone()
        };
        let apis = apis.iter().map(|api| {
            let mut access = ApiAccess::new(api, account);
            for authorizer in &api.authorizers {
                if let Some(made) = Authorizer::new(&authorizer.kind, functions, &mut issuer) {
                    access.authorizers.insert(authorizer.name.clone(), made);
                }
            }
            (api.logical_id.clone(), access)
        });
        Self { verifier, plans: Plans::new(&api_keys, &usage_plans), apis: apis.collect() }
    }

    /// Who sends this request, if it may be sent.
    ///
    /// # Errors
    /// It may not: see [`Refusal`].
    pub(super) async fn check(
        &self,
        source: &Source<'_>,
        dispatcher: &Dispatcher,
    ) -> Result<Identity, Refusal> {
        let target = source.matched.target;
        if source.endpoint.front == Front::FunctionUrl {
            let is_public = match &target.answers {
                Answers::Function(function) => function.url.as_ref().is_none_or(|url| url.public),
                Answers::Direct(_) => true,
            };
            let proof = if is_public { Proof::Nobody } else { self.signed(source)? };
            return Ok(Identity { proof, key: None });
        }
        let Some(api) = self.apis.get(&source.endpoint.logical_id) else {
            return Ok(Identity::default());
        };
        match api.routes.get(&target.key) {
            Some(route) => self.check_route(source, api, route, dispatcher).await,
            None => Ok(Identity::default()),
        }
    }

    /// Whether a preflight may be answered that SAM's `Cors` of a REST API answers.
    ///
    /// # Errors
    /// It may not: see [`Refusal`].
    pub(super) async fn check_preflight(
        &self,
        source: &Source<'_>,
        dispatcher: &Dispatcher,
    ) -> Result<(), Refusal> {
        let api = self.apis.get(&source.endpoint.logical_id);
        let api = api.filter(|_| source.endpoint.front == Front::RestApi);
        if let Some(api) = api {
            self.check_route(source, api, &api.preflight, dispatcher).await?;
        }
        Ok(())
    }

    async fn check_route(
        &self,
        source: &Source<'_>,
        api: &ApiAccess,
        route: &RouteAccess,
        dispatcher: &Dispatcher,
    ) -> Result<Identity, Refusal> {
        let target = source.matched.target;
        // API Gateway guide, "How API Gateway resource policies affect authorization workflow".
        let (proof, named_key) = match &route.access.authorization {
            Authorization::Open => {
                api.admit(source, None, Needs::Allow)?;
                (Proof::Nobody, None)
            }
            Authorization::Iam => {
                let proof = self.signed(source)?;
                // The caller's own policies are the account's, and allow what they want.
                let caller = if let Proof::Iam(caller) = &proof { Some(caller) } else { None };
                api.admit(source, caller, Needs::NoDeny)?;
                (proof, None)
            }
            Authorization::Authorizer { name, scopes } => match api.authorizers.get(name) {
                Some(authorizer @ Authorizer::Lambda(_)) => {
                    let is_allowed = api.admit(source, None, Needs::NoDeny)?;
                    authorizer.check(source, api, scopes, is_allowed, dispatcher).await?
                }
                Some(authorizer) => {
                    let proof = authorizer.check(source, api, scopes, false, dispatcher).await?;
                    api.admit(source, None, Needs::Allow)?;
                    proof
                }
                // One that asks nothing here, which is said at start.
                None => (Proof::Nobody, None),
            },
        };
        let mut key = None;
        if route.access.api_key_required && source.endpoint.front == Front::RestApi {
            let value = match api.key_source {
                ApiKeySource::Header => source::header(source, "x-api-key"),
                ApiKeySource::Authorizer => named_key,
            };
            let method = target.resource.as_deref().unwrap_or_default();
            let method = format!("{}/{}", method.trim_end_matches('/'), source.inbound.method);
            let id = &source.endpoint.logical_id;
            key = Some(self.plans.take(value.as_deref(), id, &method, source.inbound.at)?);
        }
        if route.bucket.as_ref().is_some_and(|bucket| !bucket.take()) {
            return Err(RefusalKind::Throttled.into());
        }
        Ok(Identity { proof, key })
    }

    /// Whoever signed the request.
    fn signed(&self, source: &Source<'_>) -> Result<Proof, Refusal> {
        let caller = iam::check(source, self.verifier.as_ref());
        let caller = caller.map_err(|error| {
            let reason = error.to_string();
            Refusal::because(RefusalKind::Signature(error), reason)
        })?;
        Ok(caller.map_or(Proof::Nobody, Proof::Iam))
    }
}

/// What a resource policy has to say for a request to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Allow,
    NoDeny,
}

impl ApiAccess {
    /// Whether the resource policy allows a request that it does not refuse.
    ///
    /// # Errors
    /// It refuses it.
    fn admit(
        &self,
        source: &Source<'_>,
        caller: Option<&Caller>,
        needs: Needs,
    ) -> Result<bool, Refusal> {
        let Some(policy) = &self.policy else { return Ok(false) };
        let (endpoint, method) = (source.endpoint, source.inbound.method.as_str());
        let arn = policy::arn(source.account, &endpoint.id, &endpoint.stage, method, source.routed);
        let facts = Facts { inbound: source.inbound, caller };
        let refused = |explicit: bool, reason: String| {
            let user = caller.map_or("anonymous", |caller| &caller.arn).to_owned();
            let kind = RefusalKind::Policy { user, resource: arn.clone(), explicit };
            Err(Refusal::because(kind, reason))
        };
        match policy.verdict(&arn, &facts) {
            Ok(Verdict::Allowed) => Ok(true),
            Ok(Verdict::NotAllowed) if needs == Needs::NoDeny => Ok(false),
            Ok(verdict) => {
                // On AWS it is another one, which the policy may be made for.
                let reason = format!("aws:SourceIp is {} here", source.inbound.peer);
                refused(verdict == Verdict::Denied, reason)
            }
            Err(error) => refused(false, error.to_string()),
        }
    }

    fn new(api: &Api, account: &Account) -> Self {
        let routes = api.routes.iter().map(|route| {
            let access = route.access.clone();
            let bucket = access.throttle.map(Bucket::new);
            (route_key(&route.route), RouteAccess { access, bucket })
        });
        Self {
            stage_variables: api.stage_variables.clone(),
            authorizers: HashMap::new(),
            key_source: api.api_key_source,
            routes: routes.collect(),
            preflight: RouteAccess { access: api.preflight.clone(), bucket: None },
            policy: api
                .policy
                .as_ref()
                .map(|policy| Box::new(ResourcePolicy::new(policy, account, &api.id))),
        }
    }
}

/// The key that a routed request has of this route.
fn route_key(route: &Route) -> String {
    match (&route.method, &route.path) {
        (_, None) => "$default".to_owned(),
        (method, Some(path)) => format!("{} {path}", method.as_deref().unwrap_or("ANY")),
    }
}

impl Authorizer {
    /// `None`: it cannot ask anything.
    fn new(
        kind: &AuthorizerKind,
        functions: &[Arc<Function>],
        issuer: &mut impl FnMut(&str) -> Issuer,
    ) -> Option<Self> {
        Some(match kind {
            AuthorizerKind::Jwt(settings) => {
                Self::Jwt(Jwt::new(settings, issuer(&settings.issuer)))
            }
            AuthorizerKind::UserPools(settings) => {
                let issuers = settings.issuers.iter().map(|url| issuer(url)).collect();
                Self::Pools(Pools::new(settings, issuers))
            }
            AuthorizerKind::Lambda(settings) => {
                let called = functions.iter().find(|f| f.logical_id == settings.function)?;
                Self::Lambda(Box::new(Lambda::new(settings, &called.name)))
            }
            AuthorizerKind::Unknown => return None,
        })
    }

    /// Who sends the request, and the API key that the authorizer names. `is_allowed`: the
    /// resource policy allows the request.
    async fn check(
        &self,
        source: &Source<'_>,
        api: &ApiAccess,
        scopes: &[String],
        is_allowed: bool,
        dispatcher: &Dispatcher,
    ) -> Result<(Proof, Option<String>), Refusal> {
        match self {
            Self::Jwt(jwt) => {
                let token = source::value(source, api, jwt.identity_source());
                Ok((jwt.check(source, token, scopes).await?, None))
            }
            Self::Pools(pools) => Ok((pools.check(source, scopes).await?, None)),
            Self::Lambda(lambda) => {
                // Boxed: every request that no function authorizes would have its size.
                let asked = Box::pin(lambda.check(source, api, is_allowed, dispatcher));
                let admitted = asked.await?;
                Ok((admitted.proof, admitted.api_key))
            }
        }
    }
}

#[cfg(test)]
mod tests;
