"""The management API by boto3: python3 managed.py PHASE ENDPOINT HTTP_PORT RELEASE_FOLDER.

The application is that of managed.rs. RELEASE_FOLDER has the native builds of tests/functions.
"""

import io
import json
import os
import sys
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

phase, endpoint, http_port, release = sys.argv[1:]


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="anyone",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


functions, sqs = client("lambda"), client("sqs")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
ROLE = "arn:aws:iam::000000000000:role/anyone"


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def program(name):
    with open(os.path.join(release, name), "rb") as file:
        return archive({"bootstrap": file.read()})


def create(name, binary, **more):
    settings = dict(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=ROLE,
        Code={"ZipFile": program(binary)},
    )
    return functions.create_function(**(settings | more))


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def invoke(name, event, **more):
    got = functions.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    assert "FunctionError" not in got, got["Payload"].read()
    return json.load(got["Payload"]), got["ExecutedVersion"]


def fetch(url):
    # The name of the host is loopback's by RFC 6761; not every resolver knows.
    host = url.split("/")[2]
    request = urllib.request.Request(f"http://127.0.0.1:{http_port}/x?a=1", headers={"Host": host})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def made():
    got = create(
        "made",
        "echo",
        Timeout=7,
        MemorySize=256,
        Description="An echo",
        Environment={"Variables": {"GREETING": "hello"}},
        Tags={"team": "tea"},
        Architectures=["x86_64"],
    )
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert got["FunctionArn"] == ARN + "made" and got["Version"] == "$LATEST"
    assert got["Environment"] == {"Variables": {"GREETING": "hello"}}
    assert (got["Timeout"], got["MemorySize"], got["PackageType"]) == (7, 256, "Zip")
    functions.get_waiter("function_active_v2").wait(FunctionName="made")
    assert invoke("made", {"n": 1}) == ({"n": 1}, "$LATEST")
    message = refused("ResourceConflictException", create, name="made", binary="echo")
    assert message == "Function already exist: made", message
    configuration = functions.get_function_configuration(FunctionName="made")
    whole = functions.get_function(FunctionName=ARN + "made")
    assert whole["Configuration"]["RevisionId"] == configuration["RevisionId"]
    assert whole["Tags"] == {"team": "tea"}
    listed = [f["FunctionName"] for f in functions.list_functions()["Functions"]]
    assert listed == ["Declared", "made"], listed
    first = functions.list_functions(MaxItems=1)
    assert [f["FunctionName"] for f in first["Functions"]] == ["Declared"]
    second = functions.list_functions(MaxItems=1, Marker=first["NextMarker"])
    assert [f["FunctionName"] for f in second["Functions"]] == ["made"]
    assert "NextMarker" not in second
    message = refused("ResourceNotFoundException", functions.get_function, FunctionName="gone")
    assert message == f"Function not found: {ARN}gone", message


def refusals():
    invalid = "InvalidParameterValueException"
    for code, changes in [
        (invalid, {"Code": {"ZipFile": b"no zip"}}),
        (invalid, {"Code": {"ZipFile": archive({"../out": b"x"})}}),
        (invalid, {"Code": {"ZipFile": archive({"other": b"x"})}}),
        (invalid, {"Code": {"ZipFile": archive({"x": bytes(251 << 20)})}}),
        (invalid, {"Runtime": "cobol"}),
        (invalid, {"Environment": {"Variables": {"AWS_REGION": "x"}}}),
        (invalid, {"Environment": {"Variables": {"A": "x" * 4096}}}),
        ("ValidationException", {"Timeout": 901}),
        ("ValidationException", {"FunctionName": "not.a.name"}),
    ]:
        refused(code, create, name="bad", binary="echo", **changes)
    refused("ResourceNotFoundException", functions.get_function, FunctionName="bad")


def versions():
    got = functions.publish_version(FunctionName="made", Description="first")
    assert (got["Version"], got["FunctionArn"]) == ("1", ARN + "made:1")
    # Nothing has changed since.
    assert functions.publish_version(FunctionName="made")["Version"] == "1"
    got = functions.update_function_code(FunctionName="made", ZipFile=program("environment"))
    assert got["CodeSize"] > 0
    functions.get_waiter("function_updated_v2").wait(FunctionName="made")
    got = functions.update_function_configuration(
        FunctionName="made", Environment={"Variables": {"GREETING": "later"}}
    )
    assert got["MemorySize"] == 256 and got["Environment"]["Variables"] == {"GREETING": "later"}
    assert invoke("made", {})[0]["variables"]["GREETING"] == "later"
    assert invoke("made", {"n": 2}, Qualifier="1") == ({"n": 2}, "1")
    assert functions.publish_version(FunctionName="made")["Version"] == "2"
    got, version = invoke("made:2", {})
    assert (got["variables"]["AWS_LAMBDA_FUNCTION_VERSION"], version) == ("2", "2")
    listed = functions.list_versions_by_function(FunctionName="made")["Versions"]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2"]
    stale = dict(FunctionName="made", RevisionId="stale")
    refused("PreconditionFailedException", functions.publish_version, **stale)

    alias = dict(FunctionName="made", Name="live")
    got = functions.create_alias(**alias, FunctionVersion="1")
    assert got["AliasArn"] == ARN + "made:live"
    refused("ResourceConflictException", functions.create_alias, **alias, FunctionVersion="1")
    missing = dict(FunctionName="made", Name="other", FunctionVersion="9")
    refused("ResourceNotFoundException", functions.create_alias, **missing)
    assert invoke("made", {"n": 3}, Qualifier="live") == ({"n": 3}, "1")
    functions.update_alias(**alias, FunctionVersion="2")
    assert invoke(ARN + "made:live", {})[1] == "2"
    assert functions.get_alias(**alias)["FunctionVersion"] == "2"
    assert len(functions.list_aliases(FunctionName="made")["Aliases"]) == 1
    used = dict(FunctionName="made", Qualifier="2")
    refused("ResourceConflictException", functions.delete_function, **used)
    functions.create_alias(FunctionName="made", Name="short", FunctionVersion="1")
    functions.delete_alias(FunctionName="made", Name="short")
    refused("ResourceNotFoundException", functions.get_alias, FunctionName="made", Name="short")


def settings():
    made = dict(FunctionName="made")
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(**made)
    functions.put_function_concurrency(**made, ReservedConcurrentExecutions=0)
    refused("TooManyRequestsException", functions.invoke, **made)
    assert functions.get_function(**made)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    functions.delete_function_concurrency(**made)
    invoke("made", {})
    refused("InvalidParameterValueException", functions.put_function_concurrency, **made,
            ReservedConcurrentExecutions=950)

    refused("ResourceNotFoundException", functions.get_function_event_invoke_config, **made)
    queue = "arn:aws:sqs:us-east-1:000000000000:Work"
    got = functions.put_function_event_invoke_config(
        **made, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": queue}}
    )
    assert got["FunctionArn"] == ARN + "made:$LATEST" and got["MaximumRetryAttempts"] == 0
    got = functions.get_function_event_invoke_config(**made)
    assert got["DestinationConfig"]["OnSuccess"] == {"Destination": queue}
    got = functions.invoke(**made, InvocationType="Event", Payload="{}")
    record = json.loads(receive("Work"))
    assert record["requestContext"]["requestId"] == got["ResponseMetadata"]["RequestId"]
    functions.delete_function_event_invoke_config(**made)

    functions.tag_resource(Resource=ARN + "made", Tags={"size": "small"})
    functions.untag_resource(Resource=ARN + "made", TagKeys=["team"])
    assert functions.list_tags(Resource=ARN + "made")["Tags"] == {"size": "small"}

    refused("ResourceNotFoundException", functions.get_policy, **made)
    permission = dict(
        made, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    functions.add_permission(**permission)
    refused("ResourceConflictException", functions.add_permission, **permission)
    statement = json.loads(functions.get_policy(**made)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    functions.remove_permission(**made, StatementId="s3")

    usage = functions.get_account_settings()
    assert usage["AccountUsage"]["FunctionCount"] == 2
    assert usage["AccountLimit"]["ConcurrentExecutions"] == 1000


def receive(queue):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        url = f"{endpoint}/000000000000/{queue}"
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return message["Body"]
    raise AssertionError(f"nothing in {queue}")


def mappings():
    work = "arn:aws:sqs:us-east-1:000000000000:Work"
    mapping = dict(EventSourceArn=work, FunctionName="made", BatchSize=5)
    got = functions.create_event_source_mapping(**mapping, Enabled=False)
    assert got["State"] == "Creating" and got["BatchSize"] == 5
    uuid = got["UUID"]
    message = refused("ResourceConflictException", functions.create_event_source_mapping, **mapping)
    assert uuid in message, message
    message = refused("InvalidParameterValueException", functions.create_event_source_mapping,
                      **(mapping | {"EventSourceArn": work + "Gone"}))
    assert "AWS.SimpleQueueService.NonExistentQueue" in message, message
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    sqs.send_message(QueueUrl=f"{endpoint}/000000000000/Work", MessageBody="a message")
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    empty("Work")
    listed = functions.list_event_source_mappings(FunctionName="made")["EventSourceMappings"]
    assert [m["UUID"] for m in listed] == [uuid]
    # That of the template: its id follows from its ends.
    [declared] = functions.list_event_source_mappings(FunctionName="Declared")[
        "EventSourceMappings"
    ]
    assert declared["UUID"] == "dd841014-7123-438e-acb2-18e4051d2ac8", declared


def empty(queue):
    end = time.monotonic() + 30
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while time.monotonic() < end:
        url = f"{endpoint}/000000000000/{queue}"
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if set(got.values()) == {"0"}:
            return
        time.sleep(0.05)
    raise AssertionError(f"{queue} does not become empty")


def urls():
    made = dict(FunctionName="made")
    refused("ResourceNotFoundException", functions.get_function_url_config, **made)
    got = functions.create_function_url_config(**made, AuthType="NONE")
    assert got["FunctionUrl"] == f"http://made.localhost:{http_port}/", got
    refused("ResourceConflictException", functions.create_function_url_config, **made,
            AuthType="NONE")
    assert fetch(got["FunctionUrl"])["variables"]["GREETING"] == "later"
    cors = {"AllowOrigins": ["*"]}
    got = functions.update_function_url_config(**made, AuthType="NONE", Cors=cors)
    assert got["Cors"] == cors
    assert len(functions.list_function_url_configs(**made)["FunctionUrlConfigs"]) == 1


def kept():
    """After a restart: all of it is there, and serves."""
    assert invoke("made", {})[0]["variables"]["GREETING"] == "later"
    assert invoke("made", {"n": 4}, Qualifier="1") == ({"n": 4}, "1")
    assert invoke("made", {}, Qualifier="live")[1] == "2"
    assert functions.list_tags(Resource=ARN + "made")["Tags"] == {"size": "small"}
    url = functions.get_function_url_config(FunctionName="made")["FunctionUrl"]
    assert fetch(url)["variables"]["GREETING"] == "later"
    [mapping] = functions.list_event_source_mappings(FunctionName="made")["EventSourceMappings"]
    sqs.send_message(QueueUrl=f"{endpoint}/000000000000/Work", MessageBody="another")
    empty("Work")
    got = functions.delete_event_source_mapping(UUID=mapping["UUID"])
    assert got["State"] == "Deleting"
    refused("ResourceNotFoundException", functions.get_event_source_mapping, UUID=mapping["UUID"])
    functions.delete_function_url_config(FunctionName="made")
    try:
        fetch(url)
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
    else:
        raise AssertionError("the URL is still served")
    functions.delete_function(FunctionName="made")
    refused("ResourceNotFoundException", functions.invoke, FunctionName="made")
    refused("ResourceNotFoundException", functions.get_function, FunctionName="made")
    # What the template declares can be looked at, too.
    got = functions.get_function(FunctionName="Declared")["Configuration"]
    assert (got["Timeout"], got["Runtime"]) == (3, "provided.al2023")


def gone():
    """After another restart: what was deleted stays deleted."""
    refused("ResourceNotFoundException", functions.get_function, FunctionName="made")
    # The code of another function can be a name's that was used before.
    create("made", "echo", Publish=True)
    assert invoke("made", {"n": 5}, Qualifier="1") == ({"n": 5}, "1")


if phase == "made":
    for part in [made, refusals, versions, settings, mappings, urls]:
        part()
elif phase == "kept":
    kept()
else:
    gone()
