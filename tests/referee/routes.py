"""Routes of HTTP and REST APIs: of OpenAPI documents and of plain resources.

Source: Amazon API Gateway developer guide, "x-amazon-apigateway-integration object" and "Working
with routes for HTTP APIs".
"""

import urllib.parse

from application import LOCAL_BUCKET, read
from identities import Generated

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
ANY = "x-amazon-apigateway-any-method"
CORS = "x-amazon-apigateway-cors"
INTEGRATION = "x-amazon-apigateway-integration"

KINDS = {"AWS::ApiGatewayV2::Api": "http", "AWS::ApiGateway::RestApi": "rest"}


def of(application, targets):
    """The APIs of a template, and the routes of all of them."""
    apis, routes = [], []
    get = application.resolver.get
    for name, properties in application.active(*KINDS):
        if get(properties, "ProtocolType", "HTTP") != "HTTP":
            continue
        body = get(properties, "Body") or located(application, properties) or {}
        apis.append(
            {
                "id": application.prefix + name,
                "kind": KINDS[application.template["Resources"][name]["Type"]],
                "name": get(properties, "Name"),
                "stages": list(stages(application, name, properties)),
                "domains": list(domains(application, name)) or None,
                "cors": capitalised(get(properties, "CorsConfiguration") or body.get(CORS)),
            }
        )
        found = [*document(body), *quick(get, properties)]
        found += [*plain_http(application, name), *plain_rest(application, name)]
        for method, path, uri in found:
            function, qualifier = targets.function(uri)
            if function is None:
                continue
            route = {
                "api": application.prefix + name,
                "kind": apis[-1]["kind"],
                "method": method.upper(),
                "path": path,
                "function": function,
            }
            routes.append(route | ({"qualifier": qualifier} if qualifier else {}))
    return apis, routes


def capitalised(settings):
    """Settings with CloudFormation's spelling of their names, which OpenAPI's lacks."""
    if settings is None:
        return None
    return {name[0].upper() + name[1:]: value for name, value in settings.items()}


def referred(application, value):
    """The resources of the template whose generated ids are in a resolved value."""
    owners = Generated.owners(value) if isinstance(value, str) else []
    return [owner.removeprefix(application.prefix) for owner in owners]


def document(body):
    """Method, path and integration URI of each operation of an OpenAPI document."""
    for path, item in (body.get("paths") or {}).items():
        for method, operation in (item or {}).items():
            if method.lower() not in METHODS and method.lower() != ANY:
                continue
            integration = (operation or {}).get(INTEGRATION) or {}
            if "$ref" in integration:
                integration = pointed(body, integration["$ref"])
            uri = integration.get("uri")
            if str(integration.get("type", "")).lower() in ("aws_proxy", "aws") and uri:
                yield "ANY" if method.lower() == ANY else method, path, uri


def located(application, properties):
    """The document of a `DefinitionUri` that is beside the template."""
    location = properties.get("BodyS3Location") or {}
    if location.get("Bucket") != LOCAL_BUCKET:
        return None
    return read(application.path.parent / urllib.parse.unquote(location["Key"]))


def pointed(body, reference):
    """What a JSON pointer within the document points at."""
    for step in reference.removeprefix("#/").split("/"):
        body = body[step.replace("~1", "/").replace("~0", "~")]
    return body


def quick(get, properties):
    """The one route of an API that is made with a target."""
    target = get(properties, "Target")
    if target:
        yield split(get(properties, "RouteKey", "$default")) + (target,)


def split(key):
    """Method and path of a route key."""
    if key == "$default":
        return "ANY", key
    method, path = key.split(" ", 1)
    return method, path


def plain_http(application, name):
    get = application.resolver.get
    integrations = dict(application.active("AWS::ApiGatewayV2::Integration"))
    for _, route in application.active("AWS::ApiGatewayV2::Route"):
        if name not in referred(application, get(route, "ApiId")):
            continue
        for integration in referred(application, get(route, "Target")):
            target = integrations.get(integration, {})
            if get(target, "IntegrationType") == "AWS_PROXY":
                yield split(get(route, "RouteKey")) + (get(target, "IntegrationUri"),)


def plain_rest(application, name):
    get = application.resolver.get
    resources = dict(application.active("AWS::ApiGateway::Resource"))

    def path(resource):
        [owner] = referred(application, resource)
        if owner == name:
            return ""
        entry = resources[owner]
        return f"{path(get(entry, 'ParentId'))}/{get(entry, 'PathPart')}"

    for _, method in application.active("AWS::ApiGateway::Method"):
        integration = get(method, "Integration", {})
        proxies = integration.get("Type") in ("AWS_PROXY", "AWS")
        if proxies and name in referred(application, get(method, "RestApiId")):
            where = path(get(method, "ResourceId")) or "/"
            yield get(method, "HttpMethod"), where, integration.get("Uri")


def stages(application, name, properties):
    """Names of stages: of stage resources, then of deployments that make one."""
    get = application.resolver.get
    made = application.active("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage")
    for _, stage in [*made, *application.active("AWS::ApiGateway::Deployment")]:
        api = get(stage, "ApiId") or get(stage, "RestApiId")
        if name in referred(application, api) and get(stage, "StageName"):
            yield get(stage, "StageName")
    if get(properties, "Target"):
        yield "$default"


def domains(application, name):
    """Base paths that lead to the API: domain, path and stage."""
    get = application.resolver.get
    kinds = ("AWS::ApiGateway::BasePathMapping", "AWS::ApiGatewayV2::ApiMapping")
    for _, mapping in application.active(*kinds):
        api = get(mapping, "ApiId") or get(mapping, "RestApiId")
        if name in referred(application, api):
            path = get(mapping, "ApiMappingKey") or get(mapping, "BasePath") or ""
            yield {"path": path, "stage": get(mapping, "Stage")}
