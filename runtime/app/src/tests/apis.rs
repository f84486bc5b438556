//! APIs of SAM's: what their properties make of them.

use std::collections::BTreeMap;

use super::{app, hello, messages, notes};
use crate::{Api, Cors, Integration, PayloadFormat};

/// A template of one API and nothing else; `properties` are lines.
fn api(kind: &str, properties: &str) -> String {
    let mut text = format!(
        "Transform: AWS::Serverless-2016-10-31
Parameters: {{Stage: {{Type: String, Default: live}}}}
Resources:
  Web:
    Type: AWS::Serverless::{kind}
    Properties:
"
    );
    for line in properties.lines() {
        text.push_str("      ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[track_caller]
fn read(kind: &str, properties: &str) -> Api {
    app(&api(kind, properties)).apis.remove(0)
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn names_stages_and_variables() {
    let api = read(
        "HttpApi",
        "Name: !Sub shop-${Stage}
StageName: !Ref Stage
StageVariables: {stage: !Ref Stage, level: 3}
Domain: {DomainName: shop.example.com, CertificateArn: arn, BasePath: [/v1/, shop/v2, /]}",
    );
    assert_eq!((api.name.as_str(), api.stage.as_str()), ("shop-live", "live"));
    let variables = BTreeMap::from([("stage", "live"), ("level", "3")]);
    assert_eq!(api.stage_variables.len(), 2);
    for (name, value) in variables {
        assert_eq!(api.stage_variables[name], value);
    }
    assert_eq!(api.base_paths, ["v1", "shop/v2"]);

    let api = read(
        "Api",
        "StageName: !Ref Stage
Variables: {stage: !Ref Stage}
BinaryMediaTypes: [image~1png, 'application/*']
Domain: {DomainName: shop.example.com, CertificateArn: arn, BasePath: [shop-v1, x]}",
    );
    assert_eq!(api.stage, "live");
    assert_eq!(api.stage_variables["stage"], "live");
    assert_eq!(api.binary_media_types, ["image/png", "application/*"]);
    // SAM leaves letters and digits of base paths, unless it is told not to.
    assert_eq!(api.base_paths, ["shopv1", "x"]);
    let api = read(
        "Api",
        "StageName: live
Domain: {DomainName: a.example.com, CertificateArn: arn, BasePath: a-b, NormalizeBasePath: false}",
    );
    assert_eq!(api.base_paths, ["a-b"]);
}

#[test]
fn cors_of_http_apis() {
    let every = Cors { allow_origins: texts(["*"]), ..Cors::default() };
    assert_eq!(read("HttpApi", "CorsConfiguration: true").cors, Some(every));
    assert_eq!(read("HttpApi", "CorsConfiguration: false").cors, None);
    let rules = read(
        "HttpApi",
        "CorsConfiguration:
  AllowOrigins: [https://a.example.com]
  AllowMethods: [GET, '*']
  AllowHeaders: [content-type]
  ExposeHeaders: [etag]
  MaxAge: 600
  AllowCredentials: true",
    );
    assert_eq!(
        rules.cors,
        Some(Cors {
            allow_origins: texts(["https://a.example.com"]),
            allow_methods: texts(["GET", "*"]),
            allow_headers: texts(["content-type"]),
            expose_headers: texts(["etag"]),
            max_age: Some(600),
            allow_credentials: true,
        })
    );
}

#[test]
fn cors_of_rest_apis_is_quoted() {
    let every = Cors { allow_origins: texts(["*"]), ..Cors::default() };
    assert_eq!(read("Api", "StageName: v1\nCors: \"'*'\"").cors, Some(every));
    let rules = read(
        "Api",
        r#"StageName: v1
Cors:
  AllowOrigin: "'https://a.example.com'"
  AllowMethods: "'GET, POST'"
  AllowHeaders: "'Content-Type,X-Key'"
  MaxAge: "'600'"
  AllowCredentials: true"#,
    );
    assert_eq!(
        rules.cors,
        Some(Cors {
            allow_origins: texts(["https://a.example.com"]),
            allow_methods: texts(["GET", "POST"]),
            allow_headers: texts(["Content-Type", "X-Key"]),
            expose_headers: Vec::new(),
            max_age: Some(600),
            allow_credentials: true,
        })
    );
    // Rules without an origin are for every one.
    let api = read("Api", "StageName: v1\nCors: {AllowMethods: \"'GET'\"}");
    assert_eq!(api.cors.unwrap().allow_origins, ["*"]);
}

#[test]
fn implicit_apis_have_the_globals() {
    let text = hello(
        "Events:
  Http: {Type: HttpApi, Properties: {Path: /, Method: GET}}
  Rest: {Type: Api, Properties: {Path: /, Method: GET}}",
        "Globals:
  HttpApi: {StageVariables: {a: b}, CorsConfiguration: true}
  Api: {Name: shop, Variables: {c: d}, Cors: \"'*'\", BinaryMediaTypes: [image~1png]}
",
    );
    let app = app(&text);
    let [http, rest] = app.apis.as_slice() else { panic!("{:?}", app.apis) };
    assert_eq!(http.stage_variables["a"], "b");
    assert_eq!(http.cors.as_ref().unwrap().allow_origins, ["*"]);
    assert_eq!((rest.name.as_str(), rest.stage.as_str()), ("shop", "Prod"));
    assert_eq!(rest.stage_variables["c"], "d");
    assert_eq!(rest.cors.as_ref().unwrap().allow_origins, ["*"]);
    assert_eq!(rest.binary_media_types, ["image/png"]);
}

#[test]
fn the_implicit_api_goes_before_one_of_its_name() {
    let app = app(&hello(
        "Events: {Rest: {Type: Api, Properties: {Path: /, Method: GET}}}",
        "  ServerlessRestApi: {Type: 'AWS::Serverless::Api', Properties: {StageName: v1}}\n",
    ));
    assert_eq!(app.apis.len(), 1);
    assert_eq!((app.apis[0].stage.as_str(), app.apis[0].routes.len()), ("Prod", 1));
}

#[test]
fn state_machines_make_the_implicit_api_too() {
    let app = app("Transform: AWS::Serverless-2016-10-31
Resources:
  Loan:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A}
      Events:
        Apply: {Type: Api, Properties: {Path: /loans, Method: post}}
Outputs: {Id: {Value: !Ref ServerlessRestApi}}
");
    assert_eq!(app.apis[0].routes[0].integration, Integration::Other("a state machine".to_owned()));
    assert!(notes(&app).contains(
        &"Resources.Loan.Events.Apply (Api): not served: it starts a state machine".to_owned()
    ));
}

#[test]
fn events_say_how_they_are_sent() {
    let app = app(&hello(
        "Events:
  Old:
    Type: HttpApi
    Properties: {Path: /, Method: GET, PayloadFormatVersion: '1.0', TimeoutInMillis: 5000}
  New: {Type: HttpApi, Properties: {Path: /, Method: PUT, PayloadFormatVersion: 2.0}}
  Rest: {Type: Api, Properties: {Path: /, Method: GET, TimeoutInMillis: 60000}}",
        "",
    ));
    let sent: Vec<_> = app
        .apis
        .iter()
        .flat_map(|api| &api.routes)
        .map(|route| (route.payload_format, route.timeout.map(|t| t.as_millis())))
        .collect();
    assert_eq!(
        sent,
        [
            (Some(PayloadFormat::V1), Some(5000)),
            (Some(PayloadFormat::V2), None),
            (None, Some(60_000)),
        ]
    );
    assert_eq!(notes(&app), Vec::<String>::new());
}

#[test]
fn routes_of_rest_apis_may_stream() {
    let event = |mode: &str| {
        let properties = format!("Path: /, Method: GET, ResponseTransferMode: {mode}");
        hello(&format!("Events: {{Rest: {{Type: Api, Properties: {{{properties}}}}}}}"), "")
    };
    for (mode, streaming) in [("RESPONSE_STREAM", true), ("BUFFERED", false)] {
        let app = app(&event(mode));
        assert_eq!(app.apis[0].routes[0].streaming, streaming);
        assert_eq!(notes(&app), Vec::<String>::new());
    }
    // API Gateway's own word.
    let app = app(&event("STREAM"));
    assert!(!app.apis[0].routes[0].streaming);
    let [note] = notes(&app).try_into().expect("one note");
    assert!(note.contains("SAM ignores `STREAM`"), "{note}");
}

#[test]
fn generated_resources_can_be_referred_to() {
    let app = app(&format!(
        "{}Outputs:
  Stage: {{Value: !Ref Web.Stage}}
  Name: {{Value: !GetAtt Web.RestApiId}}
  Id: {{Value: !Ref Web}}
  Generated: {{Value: !Ref WebStage}}
",
        api("Api", "StageName: !Ref Stage")
    ));
    let outputs: Vec<_> = app.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs[0], "live");
    assert_eq!(outputs[1], outputs[2]);
    assert_eq!(outputs[1], app.apis[0].id);
    assert_eq!(outputs[3], "live");
}

#[test]
fn authorizers_that_ask_nothing_are_named() {
    let app = app(&hello(
        "Events:
  Open: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /, Method: GET, Auth: {Authorizer: NONE}}}
  Iam: {Type: Api, Properties: {Path: /, Method: GET, Auth: {Authorizer: AWS_IAM}}}",
        "  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Staff
        Authorizers: {Staff: {IdentitySource: $request.header.Authorization, JwtConfiguration: {}}}
",
    ));
    assert_eq!(
        notes(&app),
        ["Resources.Web.Auth.Authorizers.Staff: not checked: its issuer is not known here; every \
             request is let through",]
    );
}

#[test]
fn an_unresolved_api_is_no_fault() {
    let app = app(&hello(
        "Events: {Get: {Type: Api, Properties: {RestApiId: !ImportValue api, Method: GET, Path: /}}}",
        "",
    ));
    assert_eq!(
        notes(&app)[1],
        "Resources.Hello.Events.Get (Api): the API `{{unresolved:import:api}}` is not one of this \
         template's: no such route"
    );
}

#[test]
fn unresolved_values_are_not_judged() {
    let app = app(&hello(
        "Events:
  Get:
    Type: HttpApi
    Properties:
      Method: !ImportValue method
      Path: !ImportValue path
      TimeoutInMillis: !ImportValue timeout
      PayloadFormatVersion: !ImportValue format
      Auth: {Authorizer: !ImportValue authorizer}",
        "  Web:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !ImportValue stage
      Cors: {MaxAge: !ImportValue age, AllowCredentials: !ImportValue credentials}
      TracingEnabled: !ImportValue tracing
      MinimumCompressionSize: !ImportValue size
      DefinitionUri: !ImportValue uri
",
    ));
    assert_eq!(app.apis.iter().map(|api| api.routes.len()).sum::<usize>(), 0);
}

#[test]
fn faults_of_properties() {
    for (kind, properties, message) in [
        ("HttpApi", "Auth: {Authorisers: {}}", "unknown property `Authorisers` of Web"),
        ("HttpApi", "Cors: true", "unknown property `Cors` of Web"),
        ("HttpApi", "CorsConfiguration: {AllowOrigin: x}", "unknown property `AllowOrigin` of Web"),
        (
            "HttpApi",
            "CorsConfiguration: yes please",
            "`CorsConfiguration` of Web must be `true` or `false`, not `yes please`",
        ),
        (
            "HttpApi",
            "CorsConfiguration: {AllowCredentials: true, AllowOrigins: ['*']}",
            "`AllowCredentials` of Web needs origins",
        ),
        (
            "HttpApi",
            "FailOnWarnings: 7",
            "`FailOnWarnings` of Web must be `true` or `false`, not `7`",
        ),
        ("HttpApi", "Domain: {DomainName: a}", "`Domain` of Web has no `CertificateArn`"),
        (
            "HttpApi",
            "Domain: {DomainName: a, CertificateArn: b, BasePath: [a b]}",
            "`BasePath` of Web must be a base path, not a list",
        ),
        (
            "Api",
            "StageName: a\nCors: true",
            "`Cors` of Web must be an origin or a mapping, not `true`",
        ),
        ("Api", "Name: a", "Web has no `StageName`"),
        (
            "Api",
            "StageName: a\nAuth: {UsagePlan: {Quota: {}}}",
            "`UsagePlan` of Web has no `CreateUsagePlan`",
        ),
        (
            "Api",
            "StageName: a\nAuth: {DefaultAuthorizer: y, Authorizers: {x: {UserPoolArn: z}}}",
            "Web has no authorizer `y`",
        ),
        (
            "Api",
            "StageName: a\nGatewayResponses: {DEFAULT_4XX: {Status: 1}}",
            "unknown property `Status` of Web",
        ),
        (
            "Api",
            "StageName: a\nOpenApiVersion: 4.0.0",
            "`OpenApiVersion` of Web must be a version of OpenAPI, not `4.0.0`",
        ),
        (
            "Api",
            "StageName: a\nDefinitionUri: a.yaml\nDefinitionBody: {openapi: 3.0.1, paths: {}}",
            "Web has both `DefinitionBody` and `DefinitionUri`",
        ),
    ] {
        assert_eq!(messages(&api(kind, properties))[0], message, "{properties}");
    }
}

#[test]
fn faults_of_events() {
    for (event, message) in [
        (
            "{Type: Api, Properties: {Path: /, Method: GET, RequestParameters: [header.x]}}",
            "`RequestParameters` of event E of Hello must be names of parameters, not `header.x`",
        ),
        (
            "{Type: Api, Properties: {Path: /, Method: GET, RequestModel: {Modl: x}}}",
            "unknown property `Modl` of event E of Hello",
        ),
        (
            "{Type: Api, Properties: {Path: /, Method: GET, Auth: {Scopes: []}}}",
            "unknown property `Scopes` of event E of Hello",
        ),
        (
            "{Type: Api, Properties: {Path: /, Method: GET, Auth: {Authorizer: NONE}}}",
            "`Authorizer` of event E of Hello is `NONE`, but ServerlessRestApi has no \
             `DefaultAuthorizer`",
        ),
        (
            "{Type: HttpApi, Properties: {Path: /, Method: GET, Auth: {AuthorizationScopes: [a]}}}",
            "`Auth` of event E of Hello has no `Authorizer`",
        ),
        (
            "{Type: HttpApi, Properties: {Path: /, Method: GET, TimeoutInMillis: 60000}}",
            "`TimeoutInMillis` of event E of Hello must be from 50 to 30000, not `60000`",
        ),
        (
            "{Type: HttpApi, Properties: {Path: /, Method: GET, ApiId: abcdefghij}}",
            "`ApiId` of event E of Hello must be an `AWS::Serverless::HttpApi` of this template, \
             not `abcdefghij`",
        ),
        (
            "{Type: HttpApi, Properties: {Path: /, Method: FETCH}}",
            "`Method` of event E of Hello must be one of GET, POST, PUT, PATCH, DELETE, HEAD, \
             OPTIONS, ANY, not `FETCH`",
        ),
    ] {
        let text = hello(&format!("Events: {{E: {event}}}"), "");
        assert_eq!(messages(&text)[0], message, "{event}");
    }
}
