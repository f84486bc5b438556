"""Every operation of Lambda's service model, by boto3 and by the AWS CLI.

python3 lambda_api.py PHASE ENDPOINT HTTP_PORT PROGRAM

PHASE is `made`, or after a restart `kept`. The application is that of lambda_api.rs; PROGRAM is the file of a native function that answers with
its event. One row of the table is an operation, its input, and what its answer must be; the rows
are done in order, once by each client. An operation that is not served is in NOT_SERVED with the
reason, and answers with an error that names it. So an operation of the model that is in neither
fails the test.
"""

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

phase, endpoint, http_port, program = sys.argv[1:]
ROLE = "arn:aws:iam::000000000000:role/anyone"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:Work"
INVALID = "InvalidParameterValueException"
MISSING = "ResourceNotFoundException"

client = boto3.client(
    "lambda",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="anyone",
    aws_secret_access_key="anything",
    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
)
MODEL = client.meta.service_model

DURABLE = "durable functions are not run"
CAPACITY = "functions run on this machine alone"
SIGNING = "code is not signed"
RECURSION = "loops of functions and queues are not looked for"
PROVISIONED = "the template says what is provisioned"
RESOURCE = "policies are kept with AddPermission, and nothing is refused by them"
NOT_SERVED = {
    "CheckpointDurableExecution": DURABLE,
    "CreateCapacityProvider": CAPACITY,
    "CreateCodeSigningConfig": SIGNING,
    "DeleteCapacityProvider": CAPACITY,
    "DeleteCodeSigningConfig": SIGNING,
    "DeleteFunctionCodeSigningConfig": SIGNING,
    "DeleteProvisionedConcurrencyConfig": PROVISIONED,
    "DeleteResourcePolicy": RESOURCE,
    "GetCapacityProvider": CAPACITY,
    "GetCodeSigningConfig": SIGNING,
    "GetDurableExecution": DURABLE,
    "GetDurableExecutionHistory": DURABLE,
    "GetDurableExecutionState": DURABLE,
    "GetFunctionRecursionConfig": RECURSION,
    "GetFunctionScalingConfig": CAPACITY,
    "GetProvisionedConcurrencyConfig": PROVISIONED,
    "GetResourcePolicy": RESOURCE,
    "ListCapacityProviders": CAPACITY,
    "ListCodeSigningConfigs": SIGNING,
    "ListDurableExecutionsByFunction": DURABLE,
    "ListFunctionVersionsByCapacityProvider": CAPACITY,
    "ListFunctionsByCodeSigningConfig": SIGNING,
    "ListProvisionedConcurrencyConfigs": PROVISIONED,
    "PutFunctionCodeSigningConfig": SIGNING,
    "PutFunctionRecursionConfig": RECURSION,
    "PutFunctionScalingConfig": CAPACITY,
    "PutProvisionedConcurrencyConfig": PROVISIONED,
    "PutResourcePolicy": RESOURCE,
    "PutRuntimeManagementConfig": "the interpreter is this machine's",
    "SendDurableExecutionCallbackFailure": DURABLE,
    "SendDurableExecutionCallbackHeartbeat": DURABLE,
    "SendDurableExecutionCallbackSuccess": DURABLE,
    "StopDurableExecution": DURABLE,
    "UpdateCapacityProvider": CAPACITY,
    "UpdateCodeSigningConfig": SIGNING,
}
# The AWS CLI has no command for it.
NOT_IN_CLI = {"InvokeWithResponseStream"}


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def sha256(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


with open(program, "rb") as file:
    ECHO = archive({"bootstrap": file.read()})
PYTHON = archive(
    {
        "app.py": "import shared, own\n"
        "def handler(event, context):\n"
        "    return [shared.NAME, own.NAME, context.function_version, event]\n",
        "own.py": "NAME = 'packaged'\n",
    }
)
NODE = archive(
    {
        "index.mjs": "import { name } from 'own';\n"
        "export const handler = async (event) => [name, event];\n",
        "node_modules/own/index.js": "exports.name = 'packaged';\n",
        "node_modules/own/package.json": '{"name": "own", "main": "index.js"}',
    }
)
SHARED = {n: archive({"python/shared.py": f"NAME = 'layer {n}'\n"}) for n in (1, 2)}


def fetch(url):
    with urllib.request.urlopen(url) as response:
        assert response.headers["content-type"] == "application/zip"
        return response.read()


class Boto:
    """boto3, which checks nothing before it sends."""

    name = "boto"

    def can(self, operation):
        return True

    def call(self, operation, inputs):
        try:
            got = client._make_api_call(operation, inputs)
        except ClientError as error:
            return None, error.response["Error"]
        got.pop("ResponseMetadata")
        for member in ("Payload", "EventStream"):
            if hasattr(got.get(member), "read"):
                got[member] = got[member].read()
        if "EventStream" in got:
            got["EventStream"] = list(got["EventStream"])
        return got, None


class Cli:
    """`aws lambda`, in this process where that can be."""

    name = "cli"

    def __init__(self):
        for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            os.environ[variable] = "/dev/null"
        os.environ.update(
            AWS_ACCESS_KEY_ID="anyone",
            AWS_SECRET_ACCESS_KEY="anything",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_MAX_ATTEMPTS="1",
            AWS_PAGER="",
        )
        try:
            from awscli.clidriver import create_clidriver

            self.driver = create_clidriver
        except ImportError:
            self.driver = None

    def can(self, operation):
        return operation not in NOT_IN_CLI

    def run(self, arguments):
        if self.driver is None:
            done = subprocess.run(["aws", *arguments], capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = self.driver().main(arguments)
            except SystemExit as wrong:
                status = wrong.code
        return status, out.getvalue(), err.getvalue()

    def call(self, operation, inputs):
        inputs = dict(inputs)
        command = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", operation).lower()
        arguments = ["--endpoint-url", endpoint, "--output", "json", "lambda", command]
        with tempfile.TemporaryDirectory() as folder:
            for holder in ("Code", "Content"):
                if "ZipFile" in inputs.get(holder, {}):
                    inputs["ZipFile"] = inputs.pop(holder)["ZipFile"]
            for member, option in [
                ("ZipFile", "--zip-file"),
                ("Payload", "--payload"),
                ("InvokeArgs", "--invoke-args"),
            ]:
                if member in inputs:
                    path = os.path.join(folder, member)
                    with open(path, "wb") as file:
                        file.write(inputs.pop(member))
                    # That of `invoke-async` is a path.
                    scheme = "" if member == "InvokeArgs" else "fileb://"
                    arguments += [option, scheme + path]
            payload = os.path.join(folder, "out")
            if operation in ("Invoke", "InvokeAsync"):
                # Which take no document.
                for member, option in [("FunctionName", "--function-name"), ("Qualifier", "--qualifier")]:
                    arguments += [option, inputs.pop(member)] if member in inputs else []
            else:
                # The CLI turns pages of lists by itself, unless it is told not to.
                arguments += ["--no-paginate", "--cli-input-json", json.dumps(inputs)]
            if operation == "Invoke":
                arguments.append(payload)
            status, out, err = self.run(arguments)
            if status == 0:
                got = json.loads(out) if out.strip() else {}
                if os.path.exists(payload):
                    with open(payload, "rb") as file:
                        got["Payload"] = file.read()
                return got, None
        told = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation: (.*)", err)
        assert told, f"{command}: {status}: {err}"
        return None, {"Code": told[1], "Message": told[2]}


def rows(me, kept):
    """The table: operation, input, and either what is checked of its answer, or its error."""
    echo, python, node, shared = (f"{me}-{what}" for what in ("echo", "python", "node", "shared"))
    named = {"FunctionName": echo}
    versioned = {"LayerName": shared, "VersionNumber": 1}

    def made(name, runtime, handler, code, **more):
        given = {"FunctionName": name, "Runtime": runtime, "Handler": handler, "Role": ROLE}
        return given | {"Code": {"ZipFile": code}} | more

    def keep(name, of=lambda got: got):
        def check(got):
            kept[name] = of(got)
            return True

        return check

    # Functions.
    yield "CreateFunction", made(echo, "provided.al2023", "bootstrap", ECHO), lambda got: (
        got["CodeSha256"] == sha256(ECHO) and got["State"] == "Active"
    )
    for runtime in ["java21", "ruby3.3", "dotnet8", "python2.7", "cobol"]:
        message = f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy"
        yield "CreateFunction", made("refused", runtime, "x.y", ECHO), (INVALID, message)
    message = "Runtime and Handler are mandatory parameters"
    yield "CreateFunction", made("refused", "", "x", ECHO), (INVALID, message)
    yield "GetFunction", {"FunctionName": "refused"}, (MISSING, "Function not found: ")
    yield "GetFunction", named, keep("location", lambda got: got["Code"]["Location"])
    yield "GetFunctionConfiguration", named, lambda got: got["FunctionArn"] == FUNCTION + echo
    yield "Invoke", named | {"Payload": b'{"n": 1}'}, lambda got: (
        json.loads(got["Payload"]) == {"n": 1} and got["ExecutedVersion"] == "$LATEST"
    )
    yield "InvokeAsync", named | {"InvokeArgs": b"{}"}, lambda got: got["Status"] == 202
    yield "InvokeWithResponseStream", named | {"Payload": b'{"n": 1}'}, lambda got: (
        "InvokeComplete" in got["EventStream"][-1]
    )
    yield "UpdateFunctionConfiguration", named | {"Timeout": 9}, lambda got: got["Timeout"] == 9
    yield "UpdateFunctionCode", named | {"ZipFile": ECHO}, lambda got: got["Version"] == "$LATEST"
    yield "ListFunctions", {"MaxItems": 1}, lambda got: (
        len(got["Functions"]) == 1 and got["NextMarker"]
    )
    yield "GetAccountSettings", {}, lambda got: got["AccountUsage"]["FunctionCount"] >= 2
    yield "GetFunctionCodeSigningConfig", named, lambda got: "CodeSigningConfigArn" not in got
    yield "GetRuntimeManagementConfig", named, lambda got: got["UpdateRuntimeOn"] == "Auto"

    # Versions and aliases.
    for n in ["1", "2", "3"]:
        yield "UpdateFunctionConfiguration", named | {"Timeout": int(n)}, lambda got: True
        yield "PublishVersion", named, lambda got, n=n: got["Version"] == n
    yield "ListVersionsByFunction", named | {"MaxItems": 3}, lambda got: (
        [v["Version"] for v in got["Versions"]] == ["$LATEST", "1", "2"] and got["NextMarker"]
    )
    alias = named | {"Name": "live"}
    yield "CreateAlias", alias | {"FunctionVersion": "1"}, lambda got: (
        got["AliasArn"] == f"{FUNCTION}{echo}:live"
    )
    yield "CreateAlias", named | {"Name": "next", "FunctionVersion": "3"}, lambda got: True
    yield "GetAlias", alias, lambda got: got["FunctionVersion"] == "1"
    yield "UpdateAlias", alias | {"FunctionVersion": "2"}, lambda got: got["FunctionVersion"] == "2"
    yield "Invoke", named | {"Qualifier": "live", "Payload": b"{}"}, lambda got: (
        got["ExecutedVersion"] == "2"
    )
    yield "ListAliases", named | {"MaxItems": 1}, lambda got: (
        [a["Name"] for a in got["Aliases"]] == ["live"] and got["NextMarker"]
    )
    yield "ListAliases", named | {"FunctionVersion": "3"}, lambda got: (
        [a["Name"] for a in got["Aliases"]] == ["next"]
    )
    yield "DeleteAlias", alias, lambda got: not got

    # Layers.
    layer = {"LayerName": shared, "CompatibleRuntimes": ["python3.12"], "LicenseInfo": "MIT"}
    yield "PublishLayerVersion", layer | {"Content": {"ZipFile": SHARED[1]}}, lambda got: (
        got["LayerVersionArn"] == f"{LAYER}{shared}:1"
        and got["Content"]["CodeSha256"] == sha256(SHARED[1])
        and fetch(got["Content"]["Location"]) == SHARED[1]
    )
    yield "PublishLayerVersion", layer | {"Content": {"ZipFile": SHARED[2]}}, lambda got: (
        got["Version"] == 2
    )
    yield "PublishLayerVersion", layer | {"Content": {"ZipFile": archive({"../out": "x"})}}, (
        INVALID, "Could not unzip uploaded file."
    )
    yield "ListLayers", {"CompatibleRuntime": "python3.12"}, lambda got: (
        f"{LAYER}{shared}:2" in [it["LatestMatchingVersion"]["LayerVersionArn"] for it in got["Layers"]]
        and "Tools" in [it["LayerName"] for it in got["Layers"]]
    )
    yield "ListLayerVersions", {"LayerName": shared}, lambda got: (
        [v["Version"] for v in got["LayerVersions"]] == [2, 1]
    )
    yield "GetLayerVersion", versioned, lambda got: (
        got["LicenseInfo"] == "MIT" and got["CompatibleRuntimes"] == ["python3.12"]
    )
    yield "GetLayerVersion", versioned | {"VersionNumber": 9}, (
        MISSING, "The resource you requested does not exist."
    )
    yield "GetLayerVersionByArn", {"Arn": f"{LAYER}{shared}:2"}, lambda got: got["Version"] == 2
    yield "GetLayerVersionByArn", {"Arn": f"{LAYER}{shared}"}, (
        "ValidationException", "1 validation error detected: Value 'arn:"
    )
    statement = versioned | {"StatementId": "all"}
    yield "GetLayerVersionPolicy", versioned, (MISSING, "No policy is associated with the given")
    allowed = {"Action": "lambda:GetLayerVersion", "Principal": "*"}
    yield "AddLayerVersionPermission", statement | allowed, lambda got: (
        json.loads(got["Statement"])["Resource"] == f"{LAYER}{shared}:1"
    )
    yield "AddLayerVersionPermission", statement | allowed, (
        "ResourceConflictException", "The statement id (all) provided already exists."
    )
    yield "GetLayerVersionPolicy", versioned, lambda got: (
        json.loads(got["Policy"])["Statement"][0]["Sid"] == "all"
    )
    yield "RemoveLayerVersionPermission", statement, lambda got: not got

    # Source with its packages, and what layers have.
    arns = [f"{LAYER}{shared}:{n}" for n in (1, 2)]
    source = made(python, "python3.12", "app.handler", PYTHON, Timeout=20, Publish=True)
    yield "CreateFunction", source | {"Layers": arns}, (INVALID, "Two different versions of the")
    yield "CreateFunction", source | {"Layers": [f"{LAYER}gone:1"]}, (
        INVALID, f"Layer version {LAYER}gone:1 does not exist."
    )
    yield "CreateFunction", source | {"Layers": [f"{LAYER}a:{n}" for n in range(6)]}, (
        INVALID, "Cannot reference more than 5 layers."
    )
    yield "CreateFunction", source | {"Layers": arns[:1]}, lambda got: (
        got["Layers"] == [{"Arn": arns[0], "CodeSize": len(SHARED[1])}]
    )

    def answered(expected):
        def check(got):
            answer = json.loads(got["Payload"])
            assert answer == expected, f"{answer} is not {expected}"
            return "FunctionError" not in got

        return check

    invoke = {"FunctionName": python, "Payload": b'{"n": 1}'}
    yield "Invoke", invoke, answered(["layer 1", "packaged", "$LATEST", {"n": 1}])
    # A function keeps a layer that is deleted, and gets another when it is told so.
    yield "DeleteLayerVersion", versioned, lambda got: not got
    yield "DeleteLayerVersion", versioned, lambda got: not got
    tuned = {"FunctionName": python, "MemorySize": 192}
    yield "UpdateFunctionConfiguration", tuned, lambda got: len(got["Layers"]) == 1
    yield "Invoke", invoke, answered(["layer 1", "packaged", "$LATEST", {"n": 1}])
    yield "UpdateFunctionConfiguration", tuned | {"Layers": arns[1:]}, lambda got: True
    yield "Invoke", invoke, answered(["layer 2", "packaged", "$LATEST", {"n": 1}])
    yield "Invoke", invoke | {"Qualifier": "1"}, answered(["layer 1", "packaged", "1", {"n": 1}])
    yield "CreateFunction", made(node, "nodejs20.x", "index.handler", NODE, Timeout=20), lambda got: (
        got["Runtime"] == "nodejs20.x"
    )
    yield "Invoke", {"FunctionName": node, "Payload": b'{"n": 2}'}, answered(["packaged", {"n": 2}])

    # What hangs on a function.
    reserved = {"ReservedConcurrentExecutions": 5}
    yield "PutFunctionConcurrency", named | reserved, lambda got: got == reserved
    yield "GetFunctionConcurrency", named, lambda got: got == reserved
    yield "DeleteFunctionConcurrency", named, lambda got: not got
    yield "GetFunctionEventInvokeConfig", named, (MISSING, "The function ")
    yield "ListFunctionEventInvokeConfigs", named, lambda got: (
        got["FunctionEventInvokeConfigs"] == []
    )
    retries = named | {"MaximumRetryAttempts": 1}
    yield "PutFunctionEventInvokeConfig", retries, lambda got: got["MaximumRetryAttempts"] == 1
    yield "UpdateFunctionEventInvokeConfig", retries | {"MaximumEventAgeInSeconds": 60}, lambda got: (
        got["MaximumEventAgeInSeconds"] == 60
    )
    yield "GetFunctionEventInvokeConfig", named, lambda got: got["MaximumRetryAttempts"] == 1
    yield "ListFunctionEventInvokeConfigs", named, lambda got: (
        [c["FunctionArn"] for c in got["FunctionEventInvokeConfigs"]] == [f"{FUNCTION}{echo}:$LATEST"]
    )
    yield "DeleteFunctionEventInvokeConfig", named, lambda got: not got
    permission = named | {"StatementId": "s3"}
    caller = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    yield "AddPermission", permission | caller, lambda got: "s3" in got["Statement"]
    yield "GetPolicy", named, lambda got: json.loads(got["Policy"])["Statement"][0]["Sid"] == "s3"
    yield "RemovePermission", permission, lambda got: not got
    yield "TagResource", {"Resource": FUNCTION + echo, "Tags": {"a": "b"}}, lambda got: not got
    yield "ListTags", {"Resource": FUNCTION + echo}, lambda got: got["Tags"] == {"a": "b"}
    yield "UntagResource", {"Resource": FUNCTION + echo, "TagKeys": ["a"]}, lambda got: not got
    yield "CreateFunctionUrlConfig", named | {"AuthType": "NONE"}, lambda got: (
        got["FunctionUrl"] == f"http://{echo}.localhost:{http_port}/"
    )
    yield "GetFunctionUrlConfig", named, lambda got: got["AuthType"] == "NONE"
    yield "UpdateFunctionUrlConfig", named | {"InvokeMode": "RESPONSE_STREAM"}, lambda got: (
        got["InvokeMode"] == "RESPONSE_STREAM"
    )
    yield "ListFunctionUrlConfigs", named, lambda got: len(got["FunctionUrlConfigs"]) == 1
    yield "DeleteFunctionUrlConfig", named, lambda got: not got
    mapping = named | {"EventSourceArn": QUEUE, "Enabled": False}
    yield "CreateEventSourceMapping", mapping, keep("uuid", lambda got: got["UUID"])
    yield "GetEventSourceMapping", kept, lambda got: got["State"] == "Disabled"
    yield "UpdateEventSourceMapping", kept | {"BatchSize": 3}, lambda got: got["BatchSize"] == 3
    yield "ListEventSourceMappings", named, lambda got: len(got["EventSourceMappings"]) == 1
    yield "DeleteEventSourceMapping", kept, lambda got: got["State"] == "Deleting"
    yield "DeleteFunction", named, lambda got: True
    yield "GetFunction", named, (MISSING, "Function not found: ")


def check(who):
    """Does every row; the operations that it did."""
    done, kept = set(), {}
    for operation, inputs, expected in rows(who.name, kept):
        if not who.can(operation):
            continue
        if inputs is kept or "uuid" in inputs:
            inputs = {"UUID": kept["uuid"]} | {k: v for k, v in inputs.items() if k == "BatchSize"}
        got, error = who.call(operation, inputs)
        where = f"{who.name}: {operation}: {error or got}"
        if callable(expected):
            assert error is None, where
            assert expected(got), where
            done.add(operation)
        else:
            code, message = expected
            assert error, where
            assert error["Code"] == code and error["Message"].startswith(message), where
    return done, kept


def least(shape, depth=0):
    """The smallest input of a shape."""
    kind = shape.type_name
    if kind == "structure":
        required = shape.required_members if depth < 6 else []
        if getattr(shape, "is_tagged_union", False):
            required = list(shape.members)[:1]
        return {name: least(shape.members[name], depth + 1) for name in required}
    if kind == "list":
        return [least(shape.member, depth + 1)]
    if kind == "map":
        return {}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "a" * max(1, shape.metadata.get("min", 1))
    values = {"blob": b"a", "boolean": True, "timestamp": 0}
    return values.get(kind, max(1, shape.metadata.get("min", 1)))


def unserved(who):
    for operation, reason in NOT_SERVED.items():
        assert reason
        got, error = who.call(operation, least(MODEL.operation_model(operation).input_shape))
        message = f"Samovar does not serve Lambda's {operation} yet."
        expected = {"Code": "UnknownOperationException", "Message": message}
        assert error == expected, f"{operation}: {error or got}"


def declared():
    """What the template has: its code and layer can be fetched, its alias leads to a version."""
    got = client.get_function(FunctionName="Declared")
    code = fetch(got["Code"]["Location"])
    assert zipfile.ZipFile(io.BytesIO(code)).namelist() == ["bootstrap"]
    # The digest is of what can be fetched, whoever tells it.
    measured = (sha256(code), len(code))
    (listed,) = [
        it for it in client.list_functions()["Functions"] if it["FunctionName"] == "Declared"
    ]
    for it in [
        got["Configuration"],
        listed,
        client.get_function_configuration(FunctionName="Declared"),
        client.get_function_configuration(FunctionName="Declared", Qualifier="live"),
    ]:
        assert (it["CodeSha256"], it["CodeSize"]) == measured, it
    publish = {"FunctionName": "Declared", "CodeSha256": sha256(b"another")}
    refused = None
    try:
        client.publish_version(**publish)
    except ClientError as error:
        refused = error.response["Error"]["Code"]
    assert refused == INVALID, refused
    # It is published already.
    got_version = client.publish_version(FunctionName="Declared", CodeSha256=measured[0])
    assert (got_version["Version"], got_version["CodeSha256"]) == ("1", measured[0])
    assert [it["Arn"] for it in got["Configuration"]["Layers"]] == [f"{LAYER}Tools:1"]
    got = client.get_layer_version(LayerName="Tools", VersionNumber=1)
    content = zipfile.ZipFile(io.BytesIO(fetch(got["Content"]["Location"])))
    assert content.namelist() == ["python/shared.py"], content.namelist()
    refused = None
    try:
        client.delete_layer_version(LayerName="Tools", VersionNumber=1)
    except ClientError as error:
        refused = error.response["Error"]["Message"]
    assert refused == f"{LAYER}Tools:1 is the template's: take it out there.", refused
    assert client.get_alias(FunctionName="Declared", Name="live")["FunctionVersion"] == "1"
    for qualifier, version in [("live", "1"), ("1", "1"), ("$LATEST", "$LATEST")]:
        got = client.invoke(FunctionName="Declared", Qualifier=qualifier)
        assert got["ExecutedVersion"] == version
        assert sees(json.load(got["Payload"])) == (version, f"{FUNCTION}Declared:{qualifier}")
    got = json.load(client.invoke(FunctionName="Declared")["Payload"])
    assert sees(got) == ("$LATEST", f"{FUNCTION}Declared")
    # SAM connects what starts the function to the alias.
    with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/declared") as response:
        assert sees(json.load(response)) == ("1", f"{FUNCTION}Declared:live")


def sees(answer):
    """The version that ran, and the ARN that it was called by."""
    version = answer["variables"]["AWS_LAMBDA_FUNCTION_VERSION"]
    return version, answer["context"]["invokedFunctionArn"]


def after_restart():
    """What was made is kept: source, its layers, layers themselves and the numbers of versions."""
    for name in (Boto.name, Cli.name):
        invoke = {"FunctionName": f"{name}-python", "Payload": b"{}"}
        for qualifier, layer in [("$LATEST", "layer 2"), ("1", "layer 1")]:
            got = json.load(client.invoke(**invoke, Qualifier=qualifier)["Payload"])
            assert got == [layer, "packaged", qualifier, {}], got
        listed = client.list_layer_versions(LayerName=f"{name}-shared")["LayerVersions"]
        assert [version["Version"] for version in listed] == [2]
        content = {"ZipFile": SHARED[1]}
        got = client.publish_layer_version(LayerName=f"{name}-shared", Content=content)
        assert got["Version"] == 3


if phase == "kept":
    after_restart()
else:
    names = set(MODEL.operation_names)
    declared()
    for who in [Boto(), Cli()]:
        done, kept = check(who)
        everything = done | NOT_SERVED.keys() | {it for it in NOT_IN_CLI if not who.can(it)}
        assert everything == names, f"{who.name}: in neither: {everything ^ names}"
        assert not done & NOT_SERVED.keys()
        unserved(who)
