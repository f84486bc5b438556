//! Who may call the routes of APIs: authorizers, API keys, usage plans, limits.

use std::time::Duration;

use super::{app, hello, messages, notes};
use crate::{
    Access, Api, ApiKeySource, App, Authorization, AuthorizerKind, IdentitySource,
    LambdaAuthorizerForm, PayloadFormat, QuotaPeriod, Throttle,
};

#[track_caller]
fn access<'a>(api: &'a Api, method: &str, path: &str) -> &'a Access {
    let found = api.routes.iter().find(|route| {
        route.route.method.as_deref() == Some(method) && route.route.path.as_deref() == Some(path)
    });
    &found.expect("a route").access
}

#[track_caller]
fn authorizer<'a>(api: &'a Api, name: &str) -> &'a AuthorizerKind {
    &api.authorizers.iter().find(|one| one.name == name).expect("an authorizer").kind
}

fn by(name: &str, scopes: &[&str]) -> Authorization {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Authorization::Authorizer { name: name.to_owned(), scopes }
}

fn http() -> App {
    app(&hello(
        "Events:
  Default: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /default, Method: GET}}
  Scoped: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /scoped, Method: GET,
    Auth: {Authorizer: Tokens, AuthorizationScopes: [write, admin]}}}
  Open: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /open, Method: GET,
    Auth: {Authorizer: NONE}, RouteSettings: {ThrottlingBurstLimit: 2}}}
  Iam: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /iam, Method: GET,
    Auth: {Authorizer: AWS_IAM}}}
  Own: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /own, Method: GET,
    Auth: {Authorizer: Own}}}",
        "  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefaultRouteSettings: {ThrottlingRateLimit: 2.5, ThrottlingBurstLimit: 10}
      Auth:
        DefaultAuthorizer: Tokens
        EnableIamAuthorizer: true
        Authorizers:
          Tokens:
            AuthorizationScopes: [read]
            IdentitySource: $request.querystring.token
            JwtConfiguration: {issuer: https://issuer.example.com/, audience: [shop, till]}
          Own:
            FunctionArn: !GetAtt Hello.Arn
            AuthorizerPayloadFormatVersion: 2.0
            EnableSimpleResponses: true
            Identity:
              Headers: [X-User]
              QueryStrings: [team]
              Context: [routeKey]
              ReauthorizeEvery: 60
",
    ))
}

/// SAM developer guide, "HttpApiAuth" and "HttpApiFunctionAuth".
#[test]
fn http_apis_of_sam() {
    let app = http();
    let api = &app.apis[0];
    assert_eq!(access(api, "GET", "/default").authorization, by("Tokens", &["read"]));
    assert_eq!(access(api, "GET", "/scoped").authorization, by("Tokens", &["write", "admin"]));
    assert_eq!(access(api, "GET", "/open").authorization, Authorization::Open);
    assert_eq!(access(api, "GET", "/iam").authorization, Authorization::Iam);
    assert_eq!(access(api, "GET", "/own").authorization, by("Own", &[]));
    let AuthorizerKind::Jwt(jwt) = authorizer(api, "Tokens") else { panic!("{api:?}") };
    assert_eq!(jwt.issuer, "https://issuer.example.com/");
    assert_eq!(jwt.audience, ["shop", "till"]);
    assert_eq!(jwt.identity_source, IdentitySource::Query("token".into()));
    let AuthorizerKind::Lambda(own) = authorizer(api, "Own") else { panic!("{api:?}") };
    assert_eq!((own.function.as_str(), own.ttl), ("Hello", Duration::from_secs(60)));
    let form = LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V2, simple: true };
    assert_eq!(own.form, form);
    let sources = [
        IdentitySource::Header("X-User".into()),
        IdentitySource::Query("team".into()),
        IdentitySource::Context("routeKey".into()),
    ];
    assert_eq!(own.identity_sources, sources);
    let general = Throttle { rate: 2.5, burst: 10 };
    assert_eq!(access(api, "GET", "/default").throttle, Some(general));
    let own = Throttle { rate: 10_000.0, burst: 2 };
    assert_eq!(access(api, "GET", "/open").throttle, Some(own));
    assert_eq!(notes(&app), [""; 0]);
}

/// SAM developer guide, "ApiAuth", "ApiFunctionAuth" and "ApiUsagePlan".
#[test]
fn rest_apis_of_sam() {
    let app = app(&hello(
        "Events:
  Default: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /default, Method: GET}}
  Keyless: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /keyless, Method: GET,
    Auth: {Authorizer: Requests, ApiKeyRequired: false}}}
  Open: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /open, Method: GET,
    Auth: {Authorizer: NONE}}}
  Pool: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /pool, Method: GET,
    Auth: {Authorizer: Pool}}}",
        "  Web:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      ApiKeySourceType: AUTHORIZER
      MethodSettings:
        - {HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6}
        - {HttpMethod: GET, ResourcePath: /~1open, ThrottlingRateLimit: 0.5}
      Auth:
        DefaultAuthorizer: Tokens
        AddDefaultAuthorizerToCorsPreflight: false
        ApiKeyRequired: true
        UsagePlan:
          CreateUsagePlan: PER_API
          Throttle: {RateLimit: 1.5, BurstLimit: 3}
          Quota: {Limit: 100, Period: WEEK, Offset: 7}
        Authorizers:
          Tokens:
            FunctionArn: !GetAtt Hello.Arn
            Identity: {Header: X-Token, ValidationExpression: '^secret-', ReauthorizeEvery: 0}
          Requests:
            FunctionPayloadType: REQUEST
            FunctionArn: !GetAtt Hello.Arn
            Identity: {StageVariables: [kind]}
          Pool:
            UserPoolArn: arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Abc
            AuthorizationScopes: [email]
",
    ));
    let api = &app.apis[0];
    let default = access(api, "GET", "/default");
    assert_eq!(default.authorization, by("Tokens", &[]));
    assert_eq!((default.api_key_required, api.api_key_source), (true, ApiKeySource::Authorizer));
    let keyless = access(api, "GET", "/keyless");
    assert_eq!(keyless.authorization, by("Requests", &[]));
    assert!(!keyless.api_key_required);
    assert_eq!(access(api, "GET", "/open").authorization, Authorization::Open);
    assert!(access(api, "GET", "/open").api_key_required);
    assert_eq!(access(api, "GET", "/pool").authorization, by("Pool", &["email"]));
    assert_eq!(api.preflight.authorization, Authorization::Open);
    assert!(api.preflight.api_key_required);
    assert_eq!(default.throttle, Some(Throttle { rate: 5.0, burst: 6 }));
    let slow = Throttle { rate: 0.5, burst: 5000 };
    assert_eq!(access(api, "GET", "/open").throttle, Some(slow));

    let AuthorizerKind::Lambda(tokens) = authorizer(api, "Tokens") else { panic!("{api:?}") };
    assert_eq!((tokens.form, tokens.ttl), (LambdaAuthorizerForm::Token, Duration::ZERO));
    assert_eq!(tokens.identity_sources, [IdentitySource::Header("X-Token".into())]);
    assert_eq!(tokens.validation.as_deref(), Some("^secret-"));
    let AuthorizerKind::Lambda(requests) = authorizer(api, "Requests") else { panic!("{api:?}") };
    assert_eq!(requests.ttl, Duration::from_secs(300));
    assert_eq!(requests.identity_sources, [IdentitySource::StageVariable("kind".into())]);
    let AuthorizerKind::UserPools(pool) = authorizer(api, "Pool") else { panic!("{api:?}") };
    assert_eq!(pool.issuers, ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"]);

    let ([key], [plan]) = (app.api_keys.as_slice(), app.usage_plans.as_slice()) else {
        panic!("{app:?}")
    };
    assert_eq!((key.logical_id.as_str(), key.value.len()), ("WebApiKey", 40));
    assert!(key.is_generated && key.enabled);
    assert_eq!((plan.logical_id.as_str(), plan.apis[0].api.as_str()), ("WebUsagePlan", "Web"));
    assert_eq!(plan.keys, [key.id.as_str()]);
    assert_eq!(plan.throttle, Some(Throttle { rate: 1.5, burst: 3 }));
    let quota = plan.quota.expect("a quota");
    assert_eq!((quota.limit, quota.offset, quota.period), (100, 7, QuotaPeriod::Week));
}

/// API Gateway guide, "x-amazon-apigateway-authorizer object"; OpenAPI: an operation's own
/// `security` goes before the document's, and an empty one asks for nothing.
#[test]
fn security_of_definitions() {
    let app = app(&hello(
        "",
        "  Web:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        info: {title: shop, version: '1'}
        x-amazon-apigateway-api-key-source: AUTHORIZER
        security: [{tokens: []}]
        components:
          securitySchemes:
            key: {type: apiKey, name: x-api-key, in: header}
            signed:
              {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
            tokens:
              type: apiKey
              name: X-Token
              in: header
              x-amazon-apigateway-authtype: custom
              x-amazon-apigateway-authorizer:
                type: token
                authorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations'
                authorizerResultTtlInSeconds: 7
        paths:
          /general: {get: &get {x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Hello.Arn}}}
          /open: {get: {security: [], x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Hello.Arn}}}
          /signed: {get: {security: [{signed: []}], x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Hello.Arn}}}
          /both: {get: {security: [{tokens: [], key: []}], x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Hello.Arn}}}
  Live: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Web, StageName: live}}
",
    ));
    let api = &app.apis[0];
    assert_eq!(access(api, "GET", "/general").authorization, by("tokens", &[]));
    assert_eq!(access(api, "GET", "/open"), &Access::default());
    assert_eq!(access(api, "GET", "/signed").authorization, Authorization::Iam);
    let both = access(api, "GET", "/both");
    assert_eq!((&both.authorization, both.api_key_required), (&by("tokens", &[]), true));
    assert_eq!(api.api_key_source, ApiKeySource::Authorizer);
    let AuthorizerKind::Lambda(tokens) = authorizer(api, "tokens") else { panic!("{api:?}") };
    assert_eq!(tokens.identity_sources, [IdentitySource::Header("X-Token".into())]);
    assert_eq!(tokens.ttl, Duration::from_secs(7));
}

#[test]
fn plain_resources() {
    let app = app(&hello(
        "",
        "  Web: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  Staff:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Web
      Name: staff
      Type: REQUEST
      IdentitySource: method.request.header.Auth, method.request.querystring.team
      AuthorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations'
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !GetAtt Web.RootResourceId
      HttpMethod: GET
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Staff
      ApiKeyRequired: true
      Integration: {Type: AWS_PROXY, Uri: !GetAtt Hello.Arn}
  Live:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Web
      StageName: live
      MethodSettings: [{HttpMethod: GET, ResourcePath: /, ThrottlingBurstLimit: 1}]
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: 0123456789abcdefghij}}
  Off: {Type: AWS::ApiGateway::ApiKey}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      ApiStages: [{ApiId: !Ref Web, Stage: live, Throttle: {/GET: {RateLimit: 1, BurstLimit: 2}}}]
  Link:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
",
    ));
    let api = &app.apis[0];
    let get = access(api, "GET", "/");
    assert_eq!(get.authorization, by(&api.authorizers[0].name, &[]));
    assert!(get.api_key_required);
    assert_eq!(get.throttle.map(|limit| limit.burst), Some(1));
    let AuthorizerKind::Lambda(staff) = &api.authorizers[0].kind else { panic!("{api:?}") };
    assert_eq!(staff.identity_sources.len(), 2);
    let [key, off] = app.api_keys.as_slice() else { panic!("{app:?}") };
    assert_eq!((key.value.as_str(), key.is_generated), ("0123456789abcdefghij", false));
    assert!(key.enabled && !off.enabled);
    let plan = &app.usage_plans[0];
    assert_eq!(plan.keys, [key.id.as_str()]);
    assert_eq!(plan.apis[0].methods["/GET"], Throttle { rate: 1.0, burst: 2 });
    assert_eq!(notes(&app), [""; 0]);
}

#[test]
fn faults() {
    let rest = |auth: &str| {
        let text = format!(
            "  Web: {{Type: AWS::Serverless::Api, Properties: {{StageName: a, Auth: {auth}}}}}\n"
        );
        messages(&hello("", &text)).remove(0)
    };
    assert!(
        rest("{Authorizers: {A: {FunctionArn: !GetAtt Hello.Arn, Identity: {ReauthorizeEvery: 3601}}}}")
            .starts_with("`ReauthorizeEvery` of Web must be from 0 to 3600"),
    );
    assert_eq!(
        rest("{UsagePlan: {CreateUsagePlan: PER_API, Quota: {Limit: 1, Period: HOUR}}}"),
        "`Period` of Web must be one of DAY, WEEK, MONTH, not `HOUR`",
    );
    assert_eq!(
        rest("{UsagePlan: {CreateUsagePlan: PER_API, Throttle: {RateLimit: -1}}}"),
        "`RateLimit` of Web must be a number of requests a second, not `-1`",
    );
}
