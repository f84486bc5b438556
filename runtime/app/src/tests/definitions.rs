//! API definitions: OpenAPI 3 and Swagger 2, in the template and in files.

use super::{app, hello, messages, notes};
use crate::{App, Diagnostics, Integration, Memory, Options, PayloadFormat, Trigger, load_from};

const URI: &str = "!Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/\
                   ${Hello.Arn}/invocations'";

/// An integration that calls `Hello`.
fn calls() -> String {
    format!("{{x-amazon-apigateway-integration: {{type: aws_proxy, uri: {URI}}}}}")
}

/// A template of `Hello` and an API `Web` with a definition; `properties` and `definition` are
/// lines.
fn web(kind: &str, events: &str, properties: &str, definition: &str) -> String {
    let mut rest = format!("  Web:\n    Type: AWS::Serverless::{kind}\n    Properties:\n");
    for line in properties.lines() {
        rest.push_str(&format!("      {line}\n"));
    }
    rest.push_str("      DefinitionBody:\n");
    for line in definition.lines() {
        rest.push_str(&format!("        {line}\n"));
    }
    hello(events, &rest)
}

/// Routes as `GET /orders -> Hello`.
fn routes(app: &App) -> Vec<String> {
    let routes = app.apis.iter().flat_map(|api| &api.routes);
    let shown = routes.map(|route| {
        let method = route.route.method.as_deref().unwrap_or("ANY");
        let path = route.route.path.as_deref().unwrap_or("$default");
        let answer = match &route.integration {
            Integration::Function(id) => id.clone(),
            other => other.in_words().unwrap_or_default(),
        };
        format!("{method} {path} -> {answer}")
    });
    shown.collect()
}

/// API Gateway developer guide, "x-amazon-apigateway-gateway-responses object".
#[test]
fn gateway_responses() {
    let paths = format!("paths: {{/a: {{get: {}}}}}", calls());
    let responses = "x-amazon-apigateway-gateway-responses:
  DEFAULT_4XX:
    statusCode: 418
    responseParameters: {gatewayresponse.header.X-A: \"'b'\", gatewayresponse.path.p: context.path}
    responseTemplates: {Text/Plain: 'no: $context.error.message'}
  WAF_FILTERED: {statusCode: 404}";
    let own = "StageName: v1\nGatewayResponses: {THROTTLED: {StatusCode: '503'}}";
    let app = app(&web("Api", "", own, &format!("openapi: 3.0.1\n{responses}\n{paths}")));
    let found = &app.apis[0].gateway_responses;
    assert_eq!(found.keys().collect::<Vec<_>>(), ["DEFAULT_4XX", "THROTTLED", "WAF_FILTERED"]);
    let one = &found["DEFAULT_4XX"];
    assert_eq!((one.status, one.headers.len()), (Some(418), 1));
    assert_eq!(one.templates[0].0, "text/plain");
    assert_eq!(found["THROTTLED"].status, Some(503));
    let note = "Resources.Web x-amazon-apigateway-gateway-responses WAF_FILTERED: never answered: \
                there is no web application firewall";
    assert_eq!(notes(&app), [note]);

    for bad in [
        "{NOTHING: {statusCode: 400}}",
        "{DEFAULT_4XX: {statusCode: 99}}",
        "{DEFAULT_4XX: {responseParameters: {x: \"'y'\"}}}",
        "{DEFAULT_4XX: {responseParameters: {gatewayresponse.header.x: y}}}",
    ] {
        let responses = format!("x-amazon-apigateway-gateway-responses: {bad}");
        let text =
            web("Api", "", "StageName: v1", &format!("openapi: 3.0.1\n{responses}\n{paths}"));
        assert_eq!(messages(&text).len(), 1, "{bad}");
    }
}

/// API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming":
/// the transfer mode and the URI go together.
#[test]
fn integrations_stream() {
    let with = |integration: &str| {
        let paths =
            format!("paths: {{/a: {{get: {{x-amazon-apigateway-integration: {integration}}}}}}}");
        web("Api", "", "StageName: v1", &format!("openapi: 3.0.1\n{paths}"))
    };
    let uri = |version: &str, action: &str| {
        format!(
            "!Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/\
             ${{Hello.Arn}}/{action}'"
        )
    };
    let streams = uri("2021-11-15", "response-streaming-invocations");
    let calls = uri("2015-03-31", "invocations");
    let function = |uri: &str, mode: &str| {
        with(&format!("{{type: aws_proxy, uri: {uri}, responseTransferMode: {mode}}}"))
    };
    let server = with(
        "{type: http_proxy, uri: 'http://a.example', responseTransferMode: STREAM, \
         timeoutInMillis: 900000}",
    );
    for (text, streaming) in [
        (function(&streams, "STREAM"), true),
        (function(&calls, "BUFFERED"), false),
        (server, true),
    ] {
        let app = app(&text);
        assert_eq!(app.apis[0].routes[0].streaming, streaming, "{text}");
        assert_eq!(notes(&app), Vec::<String>::new());
    }
    for text in [
        function(&calls, "STREAM"),
        function(&streams, "BUFFERED"),
        with("{type: mock, responseTransferMode: STREAM}"),
        function(&streams, "RESPONSE_STREAM"),
    ] {
        assert!(!messages(&text).is_empty(), "{text}");
    }
}

fn triggers(app: &App) -> Vec<&str> {
    app.functions.iter().flat_map(|f| &f.triggers).map(Trigger::name).collect()
}

#[test]
fn openapi_3() {
    let calls = calls();
    let text = web(
        "HttpApi",
        "",
        "",
        &format!(
            "openapi: 3.0.1
info: {{title: x, version: 1}}
x-amazon-apigateway-cors: {{allowOrigins: ['https://a.example.com'], maxAge: 5}}
paths:
  x-internal: ignored
  /a/{{id}}:
    parameters: [{{name: id, in: path}}]
    summary: ignored
    get: {calls}
    delete:
      x-amazon-apigateway-integration:
        $ref: '#/components/x-amazon-apigateway-integrations/hello'
  /b/{{proxy+}}: {{x-amazon-apigateway-any-method: {calls}}}
  /c: {{get: {{x-amazon-apigateway-integration: {{type: HTTP_PROXY, uri: 'https://x'}}}}}}
  /d: {{post: {{x-amazon-apigateway-integration: {{type: AWS_PROXY, integrationSubtype: SQS-SendMessage}}}}}}
  /e: {{get: {{responses: {{default: null}}}}, put: null}}
  /$default: {{x-amazon-apigateway-any-method: {calls}}}
components:
  x-amazon-apigateway-integrations:
    hello:
      type: AWS_PROXY
      uri: !GetAtt Hello.Arn
      payloadFormatVersion: '1.0'
      timeoutInMillis: 900"
        ),
    );
    let app = app(&text);
    assert_eq!(
        routes(&app),
        [
            "GET /a/{id} -> Hello",
            "DELETE /a/{id} -> Hello",
            "ANY /b/{proxy+} -> Hello",
            "GET /c -> https://x",
            "POST /d -> SQS-SendMessage",
            "ANY $default -> Hello",
        ]
    );
    assert_eq!(triggers(&app), ["GET /a/{id}", "DELETE /a/{id}", "ANY /b/{proxy+}", "$default"]);
    let delete = &app.apis[0].routes[1];
    assert_eq!(delete.payload_format, Some(PayloadFormat::V1));
    assert_eq!(delete.timeout.unwrap().as_millis(), 900);
    assert_eq!(delete.span.line, 22);
    let cors = app.apis[0].cors.as_ref().unwrap();
    assert_eq!(cors.allow_origins, ["https://a.example.com"]);
    assert_eq!(cors.max_age, Some(5));
    assert_eq!(
        notes(&app),
        [
            "Web GET /e: it has no integration: not served",
            "Web PUT /e: it has no integration: not served",
        ]
    );
}

#[test]
fn swagger_2() {
    let calls = calls();
    let text = web(
        "Api",
        "",
        "StageName: v1",
        &format!(
            "swagger: 2.0
basePath: /ignored
x-amazon-apigateway-binary-media-types: ['image/png']
paths:
  /a: {{get: {calls}, options: {{x-amazon-apigateway-integration: {{type: mock}}}}, GET: {calls}}}
  /b: {{post: {{x-amazon-apigateway-integration: {{type: aws, uri: 'arn:aws:apigateway:us-east-1:sqs:path/1/q'}}}}}}"
        ),
    );
    let app = app(&text);
    assert_eq!(routes(&app), ["GET /a -> Hello", "OPTIONS /a -> mock", "POST /b -> AWS sqs"]);
    assert_eq!(app.apis[0].binary_media_types, ["image/png"]);
    assert!(notes(&app).contains(
        &"Resources.Web /a GET: not served: methods of a definition are lower-case".to_owned()
    ));
}

#[test]
fn a_function_can_be_named_by_a_stage_variable() {
    let text = web(
        "Api",
        "FunctionName: greeter",
        "StageName: v1\nVariables: {fn: greeter}",
        "openapi: 3.0.1
paths:
  /:
    get:
      x-amazon-apigateway-integration:
        type: aws_proxy
        uri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:${AWS::AccountId}:function:${!stageVariables.fn}/invocations'
    put:
      x-amazon-apigateway-integration:
        type: aws_proxy
        uri: arn:aws:lambda:us-east-1:123456789012:function:other:live",
    );
    assert_eq!(
        routes(&app(&text)),
        ["GET / -> Hello", "PUT / -> function other, which is not in this application"]
    );
}

#[test]
fn intrinsics_choose_paths_and_methods() {
    let calls = calls();
    let text = web(
        "HttpApi",
        "",
        "",
        &format!(
            "openapi: 3.0.1
paths:
  /yes: !If [Is, {{get: {calls}}}, !Ref AWS::NoValue]
  /no: !If [Not, {{get: {calls}}}, !Ref AWS::NoValue]
  /part: {{get: !If [Is, {calls}, !Ref AWS::NoValue], put: !If [Not, {calls}, !Ref AWS::NoValue]}}"
        ),
    );
    let text = format!(
        "{text}Conditions:
  Is: !Equals [a, a]
  Not: !Equals [a, b]
"
    );
    assert_eq!(routes(&app(&text)), ["GET /yes -> Hello", "GET /part -> Hello"]);
}

#[test]
fn a_definition_can_be_left_out() {
    let events =
        "Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /a, Method: GET}}}";
    let text = web("HttpApi", events, "", "Fn::If: [Is, {paths: 1}, !Ref AWS::NoValue]");
    let text = format!("{text}Conditions: {{Is: !Equals [a, b]}}\n");
    assert_eq!(routes(&app(&text)), ["GET /a -> Hello"]);
}

#[test]
fn events_beside_the_definition_of_an_http_api() {
    // SAM adds what is not there; what is there keeps its integration, and takes the rest.
    let calls = calls();
    let text = web(
        "HttpApi",
        "Events:
  New: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /new, Method: GET}}
  Same: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: '/a/{x}', Method: GET, TimeoutInMillis: 50}}
  Other: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /other, Method: GET}}
  Bare: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /bare, Method: GET}}",
        "",
        &format!(
            "openapi: 3.0.1
paths:
  /a/{{id}}: {{get: {calls}}}
  /bare: {{get: {{}}}}
  /other: {{get: {{x-amazon-apigateway-integration: {{type: http_proxy, uri: 'https://x'}}}}}}"
        ),
    );
    let app = app(&text);
    assert_eq!(
        routes(&app),
        [
            "GET /a/{id} -> Hello",
            "GET /other -> https://x",
            "GET /new -> Hello",
            "GET /bare -> Hello"
        ]
    );
    assert_eq!(triggers(&app), ["New", "Same", "Bare"]);
    assert_eq!(app.apis[0].routes[0].timeout.unwrap().as_millis(), 50);
    assert_eq!(
        notes(&app),
        [
            "Resources.Hello.Events.Other (HttpApi): the definition of Web gives this route to another integration",
        ]
    );
}

#[test]
fn events_beside_the_definition_of_a_rest_api() {
    // They only permit the call, unless the definitions are merged: then they go first.
    let calls = calls();
    let events = "Events:
  Same: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /a, Method: get}}
  New: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /new, Method: get}}
  Mock: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /mock, Method: get}}";
    let definition = format!(
        "openapi: 3.0.1
paths:
  /a: {{get: {calls}}}
  /mock: {{get: {{x-amazon-apigateway-integration: {{type: mock}}}}}}"
    );
    let permitted = app(&web("Api", events, "StageName: v1", &definition));
    assert_eq!(routes(&permitted), ["GET /a -> Hello", "GET /mock -> mock"]);
    assert_eq!(triggers(&permitted), ["Same"]);
    assert_eq!(
        notes(&permitted)[..2],
        [
            "Resources.Hello.Events.New (Api): the definition of Web has no `GET /new`, and SAM adds none",
            "Resources.Hello.Events.Mock (Api): the definition of Web gives this route to another integration",
        ]
    );
    let merged = web("Api", events, "StageName: v1\nMergeDefinitions: true", &definition);
    let merged = app(&merged);
    assert_eq!(routes(&merged), ["GET /a -> Hello", "GET /mock -> Hello", "GET /new -> Hello"]);
    assert_eq!(triggers(&merged), ["Same", "New", "Mock"]);
}

/// Loads a template beside which these files stand.
fn load_files(template: &str, files: &[(&str, &str)]) -> Result<App, Diagnostics> {
    let mut memory = Memory::default();
    memory.insert("/app/template.yaml", template);
    memory.insert("/app/code/bootstrap", "");
    for (path, text) in files {
        memory.insert(format!("/app/{path}"), *text);
    }
    load_from(&memory, "/app/template.yaml".as_ref(), &Options::default())
}

fn with_uri(uri: &str) -> String {
    hello(
        "FunctionName: hello",
        &format!(
            "  Web:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionUri: {uri}
"
        ),
    )
}

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

#[test]
fn files() {
    let yaml = format!(
        "openapi: 3.0.1
paths:
  /a:
    get:
      x-amazon-apigateway-integration: {{type: aws_proxy, uri: '{ARN}'}}
"
    );
    let app = load_files(&with_uri("api/open.yaml"), &[("api/open.yaml", &yaml)]).unwrap();
    assert_eq!(routes(&app), ["GET /a -> Hello"]);
    assert_eq!(app.apis[0].routes[0].span.to_string(), "/app/api/open.yaml:4:5");

    let json = format!(
        r#"{{"swagger": "2.0", "paths": {{"/a": {{"post": {{"x-amazon-apigateway-integration":
            {{"type": "AWS_PROXY", "uri": "{ARN}"}}}}}}}}}}"#
    );
    let app = load_files(&with_uri("./open.json"), &[("open.json", &json)]).unwrap();
    assert_eq!(routes(&app), ["POST /a -> Hello"]);

    for uri in ["s3://bucket/key", "{Bucket: a, Key: b}"] {
        let app = load_files(&with_uri(uri), &[]).unwrap();
        assert_eq!(
            notes(&app),
            ["Resources.Web.DefinitionUri: not read: only routes of `Events` are served"]
        );
    }
}

#[test]
fn a_definition_elsewhere_leaves_the_events() {
    let text = web(
        "Api",
        "Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Web, Path: /a, Method: get}}}",
        "StageName: v1",
        "x",
    )
    .replace("DefinitionBody:\n        x", "DefinitionUri: s3://bucket/key");
    assert_eq!(routes(&app(&text)), ["GET /a -> Hello"]);
}

#[test]
fn what_is_wrong_in_a_file_is_shown_there() {
    let yaml = "openapi: 3.0.1
paths:
  a: {}
  /b:
    get:
      x-amazon-apigateway-integration: {type: aws_prox}
  /c:
    get:
      x-amazon-apigateway-integration: {$ref: '#/components/x'}
";
    let faults = load_files(&with_uri("api/open.yaml"), &[("api/open.yaml", yaml)]);
    assert_eq!(
        faults.expect_err("the definition is faulty").to_string(),
        "/app/api/open.yaml:3:3: error: `a` of Web is not a path of API Gateway's
    3 |   a: {}
      |   ^
  at paths.a
help: start it with `/`

/app/api/open.yaml:6:47: error: `type` of GET /b of Web must be one of AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, not `AWS_PROX`
    6 |       x-amazon-apigateway-integration: {type: aws_prox}
      |                                               ^^^^^^^^
  at paths./b.get.x-amazon-apigateway-integration.type
help: did you mean `AWS_PROXY`?

/app/api/open.yaml:9:47: error: `$ref` of GET /c of Web must be the name of an integration of this document, not `#/components/x`
    9 |       x-amazon-apigateway-integration: {$ref: '#/components/x'}
      |                                               ^^^^^^^^^^^^^^^^
  at paths./c.get.x-amazon-apigateway-integration.$ref
help: write `#/components/x-amazon-apigateway-integrations/NAME`, and give it there"
    );
}

#[test]
fn files_that_cannot_be_read() {
    let says = |uri: &str, files: &[(&str, &str)]| {
        load_files(&with_uri(uri), files).expect_err("the definition cannot be read").to_string()
    };
    assert_eq!(
        says("api/opn.yaml", &[("api/open.yaml", "")]),
        "/app/template.yaml:14:22: error: the API definition `api/opn.yaml` does not exist
   14 |       DefinitionUri: api/opn.yaml
      |                      ^^^^^^^^^^^^
  at Resources.Web.Properties.DefinitionUri
help: the path is taken from the template's folder: /app/api/opn.yaml"
    );
    assert!(
        says("api", &[("api/open.yaml", "")])
            .contains("error: the API definition `api` is a folder")
    );
    assert_eq!(
        says("open.yaml", &[("open.yaml", "a: [\n")]).lines().next(),
        Some(
            "/app/open.yaml:2:1: error: not valid YAML: while parsing a node, did not find \
             expected node content"
        )
    );
    assert!(
        says("open.yaml", &[("open.yaml", "")])
            .starts_with("/app/open.yaml:1:1: error: the API definition is empty")
    );
}

#[test]
fn faults_of_definitions() {
    for (definition, message) in [
        ("[]", "the API definition of Web must be a mapping, not a list"),
        ("{paths: {}}", "the API definition of Web does not say what it is"),
        (
            "{swagger: '2.0', paths: {}}",
            "the API definition of Web must be OpenAPI 3, not Swagger 2",
        ),
        ("{openapi: 4.0.0, paths: {}}", "`openapi` of Web must be a version 3, not `4.0.0`"),
        ("{openapi: 3.0.1}", "the API definition of Web has no `paths`"),
        ("{openapi: 3.0.1, paths: []}", "`paths` of Web must be a mapping, not a list"),
        ("{openapi: 3.0.1, paths: {/a: []}}", "`/a` of Web must be a mapping, not a list"),
        (
            "{openapi: 3.0.1, paths: {/a: {get: [], put: 1}}}",
            "`get` of GET /a of Web must be a mapping, not a list",
        ),
        (
            "{openapi: 3.0.1, paths: {/a: {get: {x-amazon-apigateway-integration: {uri: a}}}}}",
            "the integration of GET /a of Web has no `type`",
        ),
        (
            "{openapi: 3.0.1, paths: {/a: {get: {x-amazon-apigateway-integration: {type: aws_proxy}}}}}",
            "the integration of GET /a of Web has no `uri`",
        ),
        (
            "{openapi: 3.0.1, paths: {/a: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: a, payloadFormatVersion: 3.0}}}}}",
            "`payloadFormatVersion` of GET /a of Web must be one of 1.0, 2.0, not `3.0`",
        ),
        (
            "{openapi: 3.0.1, x-amazon-apigateway-cors: {origins: []}, paths: {}}",
            "unknown property `origins` of Web",
        ),
    ] {
        assert_eq!(messages(&web("HttpApi", "", "", definition))[0], message, "{definition}");
    }
    let calls = calls();
    let twice = format!(
        "{{openapi: 3.0.1, paths: {{'/a/{{x}}': {{get: {calls}}}, '/a/{{y}}': {{get: {calls}}}}}}}"
    );
    assert_eq!(
        messages(&web("HttpApi", "", "", &twice)),
        ["`GET /a/{y}` is there already under another name"]
    );
}
