"""Every error of SQS that can be provoked: python3 sqs_errors.py ENDPOINT CLIENT.

One row of the table is an action, its input, and what AWS answers: the error's code in the query
protocol, the name of its shape in the JSON protocol, the HTTP status and the message. Each row is
sent four times: as a document, as a form, by boto3, which checks nothing before it sends, and,
where it can say such a thing, by the AWS SDK for Rust, of which CLIENT is a program (sqs_sdk.rs).

Where a row has a message, AWS was seen to answer with it: LocalStack recorded it
(`tests/aws/services/sqs/test_sqs.snapshot.json` and `test_sqs_move_task.snapshot.json`, dates in
2022 to 2024), the API reference has it, or people met it and asked on GitHub (jslib-aws 65,
sqs-dlq-replay-backoff 8, aws-sdk-net 794, aws-sdk-java 2613). Elsewhere any will do. Codes and shapes are those of
botocore's service model, old (1.29, query) and new (JSON).
"""

import http.client
import json
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
ACCOUNT = "000000000000"
PREFIX = "AWS.SimpleQueueService."
NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"

sqs = boto3.client(
    "sqs",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="anyone",
    aws_secret_access_key="anything",
    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
)
MODEL = sqs.meta.service_model


def url(name):
    return f"{endpoint}/{ACCOUNT}/{name}"


def arn(name):
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


# What an error is called in the query protocol where its shape has another name.
CODES = {
    "InvalidParameterValueException": "InvalidParameterValue",
    "MissingRequiredParameterException": "MissingParameter",
    "QueueDoesNotExist": PREFIX + "NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "SerializationException": "MalformedInput",
} | {
    shape: PREFIX + shape
    for shape in [
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "PurgeQueueInProgress",
        "QueueDeletedRecently",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    ]
}
STATUSES = {"OverLimit": 403, "PurgeQueueInProgress": 403, "ResourceNotFoundException": 404}
# Errors of AWS's front end, which are in no service's model.
COMMON = {
    "InvalidParameterValueException",
    "MissingRequiredParameterException",
    "SerializationException",
}
INVALID = "InvalidParameterValueException"
MISSING = "MissingRequiredParameterException"

# Why errors of the model are in no row.
NOT_PROVOKED = {
    "InvalidIdFormat": "AWS answers ReceiptHandleIsInvalid instead (its own reference: deprecated)",
    "InvalidSecurity": "plain HTTP and missing signatures are taken, on loopback",
    "KmsAccessDenied": "keys are kept and shown, and nothing is encrypted",
    "KmsDisabled": "as above",
    "KmsInvalidKeyUsage": "as above",
    "KmsInvalidState": "as above",
    "KmsNotFound": "as above",
    "KmsOptInRequired": "as above",
    "KmsThrottled": "as above",
    "MessageNotInflight": "AWS changes a message that is visible too (recorded 14-11-2023)",
    "RequestThrottled": "nothing is throttled",
}
# An error that only some actions of those that model it can have.
ELSEWHERE = {
    # No action without QueueUrl can name a bad one.
    ("InvalidAddress", action)
    for action in [
        "CancelMessageMoveTask",
        "CreateQueue",
        "GetQueueUrl",
        "ListMessageMoveTasks",
        "ListQueues",
        "StartMessageMoveTask",
    ]
} | {
    # 120,000 messages in flight: runtime/queue/src/queues/tests.
    ("OverLimit", "ReceiveMessage"),
    # No such limit is documented.
    ("OverLimit", "SetQueueAttributes"),
}


def form(action, value, prefix=""):
    """Pairs of a form: flat lists and maps under the names that botocore 1.29 gave them."""
    names = {
        "Attributes": "Attribute",
        "tags": "Tag",
        "Tags": "Tag",
        "Entries": f"{action}RequestEntry",
        "AttributeNames": "AttributeName",
        "MessageSystemAttributeNames": "MessageSystemAttributeName",
        "MessageAttributeNames": "MessageAttributeName",
        "MessageAttributes": "MessageAttribute",
        "MessageSystemAttributes": "MessageSystemAttribute",
        "AWSAccountIds": "AWSAccountId",
        "Actions": "ActionName",
        "TagKeys": "TagKey",
        "StringListValues": "StringListValue",
    }
    for name, member in value.items():
        key = prefix + names.get(name, name)
        if isinstance(member, dict):
            label = "Key" if name.lower() == "tags" else "Name"
            for number, (item, content) in enumerate(member.items(), 1):
                yield f"{key}.{number}.{label}", item
                if isinstance(content, dict):
                    yield from form(action, content, f"{key}.{number}.Value.")
                else:
                    yield f"{key}.{number}.Value", content
        elif isinstance(member, list):
            for number, item in enumerate(member, 1):
                if isinstance(item, dict):
                    yield from form(action, item, f"{key}.{number}.")
                else:
                    yield f"{key}.{number}", item
        else:
            yield key, str(member)


def post(headers, body, path="/"):
    connection = http.client.HTTPConnection(urllib.parse.urlparse(endpoint).netloc, timeout=60)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def by_document(action, document):
    """Status, code, shape, fault and message of an error."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"AmazonSQS.{action}",
        "x-amzn-query-mode": "true",
    }
    status, headers, body = post(headers, json.dumps(document))
    assert headers["content-type"] == "application/x-amz-json-1.0", headers
    assert headers["x-amzn-requestid"], headers
    code, fault = headers["x-amzn-query-error"].split(";")
    error = json.loads(body)
    namespace, shape = error["__type"].split("#")
    common = namespace == "com.amazon.coral.service"
    assert common or namespace == "com.amazonaws.sqs", error
    assert common == (shape in COMMON), error
    return status, code, shape, fault, error["message"]


def by_form(action, document):
    """Status, code, fault and message of an error."""
    pairs = [("Action", action), ("Version", "2012-11-05"), *form(action, document)]
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, headers, body = post(headers, urllib.parse.urlencode(pairs))
    assert headers["content-type"] == "text/xml", (headers, body)
    error = ElementTree.fromstring(body)
    assert error.tag == NAMESPACE + "ErrorResponse", body
    assert error.findtext(NAMESPACE + "RequestId") == headers["x-amzn-requestid"], body
    text = lambda name: error.findtext(f"{NAMESPACE}Error/{NAMESPACE}{name}")
    assert text("Detail") == "", body
    return status, text("Code"), text("Type"), text("Message")


def by_boto3(action, document):
    """Status, code and message of an error, and the name of its exception."""
    method = "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")
    try:
        answer = getattr(sqs, method)(**document)
    except ClientError as error:
        details = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status, details["Code"], details["Message"], type(error).__name__
    raise AssertionError(f"{action} {document} did not fail: {answer}")


RUST_SDK = subprocess.Popen(
    [sys.argv[2], "--sqs-sdk", endpoint],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
    bufsize=1,
)


def by_rust_sdk(action, document):
    """Status, code and message of an error; nothing where the SDK does not send such a thing."""
    print(json.dumps({"action": action, "input": document}), file=RUST_SDK.stdin, flush=True)
    answer = json.loads(RUST_SDK.stdout.readline())
    if "cannot" in answer:
        assert answer["cannot"] != "it did not fail", (action, document)
        return None
    return answer["status"], answer["code"], answer["message"]


by_sdk = 0


def check(action, document, shape, message=None):
    global by_sdk
    code, status = CODES.get(shape, shape), STATUSES.get(shape, 400)
    is_right = lambda got: bool(got) if message is None else got == message
    row = f"{action} {json.dumps(document)[:300]}"
    got = by_document(action, document)
    assert got[:4] == (status, code, shape, "Sender") and is_right(got[4]), (row, got)
    got = by_boto3(action, document)
    assert got[:2] == (status, code) and is_right(got[2]), (row, got)
    assert got[3] == (shape if shape in SHAPES else "ClientError"), (row, got)
    got = by_rust_sdk(action, document)
    if got is not None:
        by_sdk += 1
        assert got[:2] == (status, code) and is_right(got[2]), (row, got)
    # Forms cannot say that a list is there and empty, and tell two errors differently.
    if shape == "QueueDoesNotExist":
        message = "The specified queue does not exist for this wsdl version."
    status = 404 if shape == "InvalidAddress" else status
    if shape == MISSING and "QueueUrl" not in document and "QueueUrl" in members(action):
        status, code, message = 404, "InvalidAddress", None
    got = by_form(action, document)
    assert got[:3] == (status, code, "Sender") and is_right(got[3]), (row, got)


def members(action):
    return MODEL.operation_model(action).input_shape.members


SHAPES = {shape.name for shape in MODEL.error_shapes}

standard = sqs.create_queue(QueueName="err-standard")["QueueUrl"]
fifo = sqs.create_queue(QueueName="err.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
dead = sqs.create_queue(QueueName="err-dead")["QueueUrl"]
redrive = {"deadLetterTargetArn": arn("err-dead"), "maxReceiveCount": 1}
sqs.create_queue(QueueName="err-source", Attributes={"RedrivePolicy": json.dumps(redrive)})
sqs.create_queue(
    QueueName="err-closed",
    Attributes={"RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})},
)
sqs.add_permission(
    QueueUrl=standard, Label="taken", AWSAccountIds=["123456789012"], Actions=["SendMessage"]
)
purged = sqs.create_queue(QueueName="err-purged")["QueueUrl"]
sqs.purge_queue(QueueUrl=purged)
sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="err-deleted")["QueueUrl"])


def expired():
    """The handle of a receive of the FIFO queue whose message is visible again."""
    sqs.send_message(
        QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="expired"
    )
    handle = sqs.receive_message(QueueUrl=fifo)["Messages"][0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=handle, VisibilityTimeout=0)
    return handle


def attempted():
    """Leaves an attempt of which a message was deleted."""
    sqs.send_message(
        QueueUrl=fifo, MessageBody="x", MessageGroupId="h", MessageDeduplicationId="attempted"
    )
    messages = sqs.receive_message(
        QueueUrl=fifo, MaxNumberOfMessages=10, ReceiveRequestAttemptId="done"
    )["Messages"]
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=messages[-1]["ReceiptHandle"])


def received():
    sqs.send_message(QueueUrl=standard, MessageBody="x")
    return sqs.receive_message(QueueUrl=standard)["Messages"][0]["ReceiptHandle"]


def deleted():
    handle = received()
    sqs.delete_message(QueueUrl=standard, ReceiptHandle=handle)
    return handle


def encoded(task):
    import base64

    return base64.b64encode(json.dumps(task).encode()).decode()


attempted()
EXPIRED, HANDLE, GONE = expired(), received(), deleted()
IDS = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    "It can be at most 80 letters long."
)
OTHER_TYPE = (
    "Value {} for parameter {} is invalid. "
    "Reason: The request include parameter that is not valid for this queue type."
)
NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or "
    "MessageDeduplicationId provided explicitly"
)
NO_GROUP = "The request must contain the parameter MessageGroupId."
TOO_LONG = "One or more parameters are invalid. Reason: Message must be shorter than {} bytes."


def number(value, name, reason):
    return f"Value {value} for parameter {name} is invalid. Reason: {reason}"


def missing(name):
    return f"The request must contain the parameter {name}."


def at(queue, **members):
    return {"QueueUrl": queue, **members}


def attribute(**value):
    return at(standard, MessageBody="x", MessageAttributes={"a": value})


def policy(name, value):
    return {"Attributes": {name: json.dumps(value)}}


def redrive_rows():
    """Faults of redrive policies, which CreateQueue and SetQueueAttributes find alike."""
    for value, reason in [
        (
            {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42},
            "Invalid value for deadLetterTargetArn.",
        ),
        ({"deadLetterTargetArn": arn("err-nobody"), "maxReceiveCount": 1}, None),
        ({"deadLetterTargetArn": arn("err.fifo"), "maxReceiveCount": 1}, None),
        ({"deadLetterTargetArn": arn("err-closed"), "maxReceiveCount": 1}, None),
        (
            {"deadLetterTargetArn": arn("err-dead"), "maxReceiveCount": 0},
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both "
            "inclusive.",
        ),
        (
            {"deadLetterTargetArn": arn("err-dead")},
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
        ),
        (
            {"maxReceiveCount": 1},
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        ),
        ([], None),
    ]:
        text = reason and number(json.dumps(value), "RedrivePolicy", reason)
        for action, where in [
            ("CreateQueue", {"QueueName": "err-new"}),
            ("SetQueueAttributes", at(standard)),
        ]:
            yield action, where | policy("RedrivePolicy", value), INVALID, text


def attribute_rows():
    """Attributes that queues do not have, or not so."""
    for action, where in [
        ("CreateQueue", {"QueueName": "err-new"}),
        ("SetQueueAttributes", at(standard)),
    ]:
        for name, value, shape, text in [
            ("Colour", "red", "InvalidAttributeName", "Unknown Attribute Colour."),
            ("QueueArn", "arn", "InvalidAttributeName", "Unknown Attribute QueueArn."),
            ("FifoQueue", "false", "InvalidAttributeName", "Unknown Attribute FifoQueue."),
            ("DelaySeconds", "901", "InvalidAttributeValue", None),
            ("DelaySeconds", "-1", "InvalidAttributeValue", None),
            ("DelaySeconds", "x", "InvalidAttributeValue", None),
            ("MaximumMessageSize", "1023", "InvalidAttributeValue", None),
            ("MaximumMessageSize", "1048577", "InvalidAttributeValue", None),
            ("MessageRetentionPeriod", "59", "InvalidAttributeValue", None),
            ("MessageRetentionPeriod", "1209601", "InvalidAttributeValue", None),
            ("ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue", None),
            ("VisibilityTimeout", "43201", "InvalidAttributeValue", None),
            ("KmsDataKeyReusePeriodSeconds", "59", "InvalidAttributeValue", None),
            ("SqsManagedSseEnabled", "yes", "InvalidAttributeValue", None),
            ("Policy", "no policy", "InvalidAttributeValue", None),
            ("DeduplicationScope", "queue", "InvalidAttributeName", None),
        ]:
            yield action, where | {"Attributes": {name: value}}, shape, text
        both = {"KmsMasterKeyId": "key", "SqsManagedSseEnabled": "true"}
        yield action, where | {"Attributes": both}, "InvalidAttributeName", (
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )
        for allow in [
            {"redrivePermission": "sometimes"},
            {"redrivePermission": "byQueue"},
            {"redrivePermission": "denyAll", "sourceQueueArns": [arn("err-dead")]},
        ]:
            yield action, where | policy("RedriveAllowPolicy", allow), INVALID, None


def queue_rows():
    """What every action with a QueueUrl makes of a bad one, and of none."""
    required = {
        "AddPermission": {
            "Label": "l",
            "AWSAccountIds": ["123456789012"],
            "Actions": ["SendMessage"],
        },
        "ChangeMessageVisibility": {"ReceiptHandle": HANDLE, "VisibilityTimeout": 1},
        "ChangeMessageVisibilityBatch": {
            "Entries": [{"Id": "a", "ReceiptHandle": HANDLE, "VisibilityTimeout": 1}]
        },
        "DeleteMessage": {"ReceiptHandle": HANDLE},
        "DeleteMessageBatch": {"Entries": [{"Id": "a", "ReceiptHandle": HANDLE}]},
        "RemovePermission": {"Label": "l"},
        "SendMessage": {"MessageBody": "x"},
        "SendMessageBatch": {"Entries": [{"Id": "a", "MessageBody": "x"}]},
        "SetQueueAttributes": {"Attributes": {"DelaySeconds": "0"}},
        "TagQueue": {"Tags": {"a": "b"}},
        "UntagQueue": {"TagKeys": ["a"]},
    }
    for action in MODEL.operation_names:
        if "QueueUrl" not in members(action):
            continue
        more = required.get(action, {})
        gone = "The specified queue does not exist."
        yield action, at(url("err-nobody"), **more), "QueueDoesNotExist", gone
        bare = f"{endpoint}/"
        text = f"The address {bare} is not valid for this endpoint."
        yield action, at(bare, **more), "InvalidAddress", text
        yield action, more, MISSING, missing("QueueUrl")


def batch_rows():
    """Faults of whole batches, which all three actions find alike."""
    for action, entry in [
        ("SendMessageBatch", {"MessageBody": "x"}),
        ("DeleteMessageBatch", {"ReceiptHandle": HANDLE}),
        ("ChangeMessageVisibilityBatch", {"ReceiptHandle": HANDLE, "VisibilityTimeout": 1}),
    ]:
        many = [entry | {"Id": str(id)} for id in range(20)]
        none = f"There should be at least one {action}RequestEntry in the request."
        yield action, at(standard, Entries=[]), "EmptyBatchRequest", none
        yield action, at(standard, Entries=many), "TooManyEntriesInBatchRequest", (
            "Maximum number of entries per request are 10. You have sent 20."
        )
        twice = [entry | {"Id": "a"}] * 2
        yield action, at(standard, Entries=twice), "BatchEntryIdsNotDistinct", "Id a repeated."
        for id in ["", "invalid:id", "testLongId" * 10]:
            bad = [entry | {"Id": id}]
            yield action, at(standard, Entries=bad), "InvalidBatchEntryId", IDS


ROWS = [
    ("CreateQueue", {}, MISSING, missing("QueueName")),
    ("CreateQueue", {"QueueName": "not a name"}, INVALID, None),
    ("CreateQueue", {"QueueName": "x" * 81}, INVALID, None),
    ("CreateQueue", {"QueueName": ""}, INVALID, None),
    ("CreateQueue", {"QueueName": "err-new.fifo"}, INVALID, None),
    (
        "CreateQueue",
        {"QueueName": "err-new", "Attributes": {"FifoQueue": "true"}},
        INVALID,
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
        "underscores, must end with .fifo suffix and be 1 to 80 in length.",
    ),
    (
        "CreateQueue",
        {"QueueName": "err-standard", "Attributes": {"DelaySeconds": "2"}},
        "QueueNameExists",
        "A queue already exists with the same name and a different value for attribute "
        "DelaySeconds",
    ),
    (
        "CreateQueue",
        {
            "QueueName": "err.fifo",
            "Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"},
        },
        "QueueNameExists",
        "A queue already exists with the same name and a different value for attribute "
        "ContentBasedDeduplication",
    ),
    (
        "CreateQueue",
        {"QueueName": "err-deleted"},
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with "
        "the same name.",
    ),
    ("CreateQueue", {"QueueName": "err-new", "tags": {"k" * 129: "v"}}, INVALID, None),
    ("CreateQueue", {"QueueName": "err-new", "tags": {"k": "v" * 257}}, INVALID, None),
    (
        "SetQueueAttributes",
        at(fifo, Attributes={"FifoQueue": "false"}),
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    ),
    (
        "SetQueueAttributes",
        at(fifo, Attributes={"FifoThroughputLimit": "perMessageGroupId"}),
        "InvalidAttributeValue",
        None,
    ),
    ("GetQueueAttributes", at(standard, AttributeNames=["Colour"]), "InvalidAttributeName", None),
    ("GetQueueUrl", {}, MISSING, missing("QueueName")),
    (
        "GetQueueUrl",
        {"QueueName": "err-nobody"},
        "QueueDoesNotExist",
        "The specified queue does not exist.",
    ),
    ("ListQueues", {"MaxResults": 0}, INVALID, None),
    ("ListQueues", {"MaxResults": 1001}, INVALID, None),
    ("ListDeadLetterSourceQueues", at(dead, MaxResults=1001), INVALID, None),
    (
        "PurgeQueue",
        at(purged),
        "PurgeQueueInProgress",
        "Only one PurgeQueue operation on err-purged is allowed every 60 seconds.",
    ),
    ("TagQueue", at(standard, Tags={"aws:k": "v"}), INVALID, None),
    ("TagQueue", at(standard, Tags={str(n): "" for n in range(51)}), INVALID, None),
    (
        "AddPermission",
        at(standard, Label="taken", AWSAccountIds=["123456789012"], Actions=["SendMessage"]),
        INVALID,
        number("taken", "Label", "Already exists."),
    ),
    (
        "AddPermission",
        at(standard, Label="a b", AWSAccountIds=["123456789012"], Actions=["SendMessage"]),
        INVALID,
        None,
    ),
    (
        "AddPermission",
        at(standard, Label="l", AWSAccountIds=["12"], Actions=["SendMessage"]),
        INVALID,
        number("12", "PrincipalId", "Unable to verify."),
    ),
    (
        "AddPermission",
        at(standard, Label="l", AWSAccountIds=["123456789012"], Actions=["Fly"]),
        INVALID,
        number(
            "SQS:Fly",
            "ActionName",
            "Please refer to the appropriate WSDL for a list of valid actions. ",
        ),
    ),
    (
        "AddPermission",
        at(
            standard,
            Label="l",
            AWSAccountIds=["123456789012"],
            Actions=sorted(MODEL.operation_names)[:8],
        ),
        "OverLimit",
        "8 Actions were found, maximum allowed is 7.",
    ),
    (
        "AddPermission",
        at(standard, Label="l", Actions=["SendMessage"]),
        MISSING,
        None,
    ),
    (
        "RemovePermission",
        at(standard, Label="nobody"),
        INVALID,
        number("nobody", "Label", "can't find label."),
    ),
    ("SendMessage", at(standard), MISSING, missing("MessageBody")),
    ("SendMessage", at(standard, MessageBody=""), MISSING, missing("MessageBody")),
    ("SendMessage", at(standard, MessageBody="\x01"), "InvalidMessageContents", None),
    ("SendMessage", at(standard, MessageBody="\ufffe"), "InvalidMessageContents", None),
    ("SendMessage", at(standard, MessageBody="x" * 1048577), INVALID, TOO_LONG.format(1048576)),
    (
        "SendMessage",
        at(standard, MessageBody="x", DelaySeconds=901),
        INVALID,
        number(901, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
    ),
    ("SendMessage", at(standard, MessageBody="x", DelaySeconds=-1), INVALID, None),
    (
        "SendMessage",
        at(standard, MessageBody="x", MessageDeduplicationId="d"),
        INVALID,
        OTHER_TYPE.format("d", "MessageDeduplicationId"),
    ),
    (
        "SendMessage",
        at(fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=2),
        INVALID,
        OTHER_TYPE.format(2, "DelaySeconds"),
    ),
    ("SendMessage", at(fifo, MessageBody="x", MessageGroupId="g"), INVALID, NO_DEDUPLICATION),
    ("SendMessage", at(fifo, MessageBody="x", MessageDeduplicationId="d"), MISSING, NO_GROUP),
    (
        "SendMessage",
        at(fifo, MessageBody="x", MessageGroupId="g g", MessageDeduplicationId="d"),
        INVALID,
        None,
    ),
    (
        "SendMessage",
        at(fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d" * 129),
        INVALID,
        None,
    ),
    (
        "SendMessage",
        attribute(DataType="String", StringValue=""),
        INVALID,
        "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
    ),
    (
        "SendMessage",
        attribute(DataType="Colour", StringValue="red"),
        INVALID,
        "The type of message (user) attribute 'a' is invalid. You must use only the following "
        "supported type prefixes: Binary, Number, String.",
    ),
    ("SendMessage", attribute(DataType="Number", StringValue="red"), INVALID, None),
    ("SendMessage", attribute(DataType="Binary"), INVALID, None),
    (
        "SendMessage",
        attribute(DataType="String", StringListValues=["a"]),
        "UnsupportedOperation",
        "Message attribute list values in SendMessage operation are not supported.",
    ),
    (
        "SendMessage",
        at(
            standard,
            MessageBody="x",
            MessageAttributes={
                str(n): {"DataType": "String", "StringValue": "x"} for n in range(11)
            },
        ),
        INVALID,
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    ),
    (
        "SendMessage",
        at(
            standard,
            MessageBody="x",
            MessageSystemAttributes={"Colour": {"DataType": "String", "StringValue": "red"}},
        ),
        INVALID,
        None,
    ),
    (
        "SendMessageBatch",
        at(standard, Entries=[{"Id": id, "MessageBody": "x" * 600_000} for id in "ab"]),
        "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
    ),
    (
        "SendMessageBatch",
        at(fifo, Entries=[{"Id": "a", "MessageBody": "x", "MessageDeduplicationId": "d"}]),
        INVALID,
        NO_GROUP,
    ),
    (
        "SendMessageBatch",
        at(fifo, Entries=[{"Id": "a", "MessageBody": "x", "MessageGroupId": "g"}]),
        INVALID,
        NO_DEDUPLICATION,
    ),
    (
        "ReceiveMessage",
        at(standard, MaxNumberOfMessages=11),
        INVALID,
        number(11, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."),
    ),
    (
        "ReceiveMessage",
        at(standard, MaxNumberOfMessages=0),
        INVALID,
        number(0, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."),
    ),
    (
        "ReceiveMessage",
        at(standard, WaitTimeSeconds=21),
        INVALID,
        number(21, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."),
    ),
    ("ReceiveMessage", at(standard, VisibilityTimeout=43201), INVALID, None),
    ("ReceiveMessage", at(standard, AttributeNames=["Colour"]), "InvalidAttributeName", None),
    (
        "ReceiveMessage",
        at(standard, ReceiveRequestAttemptId="a"),
        INVALID,
        OTHER_TYPE.format("a", "ReceiveRequestAttemptId"),
    ),
    ("DeleteMessage", at(standard), MISSING, missing("ReceiptHandle")),
    (
        "DeleteMessage",
        at(standard, ReceiptHandle="garbage"),
        "ReceiptHandleIsInvalid",
        'The input receipt handle "garbage" is not a valid receipt handle.',
    ),
    ("DeleteMessage", at(dead, ReceiptHandle=HANDLE), "ReceiptHandleIsInvalid", None),
    (
        "DeleteMessage",
        at(fifo, ReceiptHandle=EXPIRED),
        INVALID,
        number(EXPIRED, "ReceiptHandle", "The receipt handle has expired."),
    ),
    (
        "ChangeMessageVisibility",
        at(standard, ReceiptHandle=HANDLE),
        MISSING,
        missing("VisibilityTimeout"),
    ),
    (
        "ChangeMessageVisibility",
        at(standard, ReceiptHandle="garbage", VisibilityTimeout=1),
        "ReceiptHandleIsInvalid",
        'The input receipt handle "garbage" is not a valid receipt handle.',
    ),
    (
        "ChangeMessageVisibility",
        at(standard, ReceiptHandle=HANDLE, VisibilityTimeout=43201),
        INVALID,
        None,
    ),
    (
        "ChangeMessageVisibility",
        at(standard, ReceiptHandle=HANDLE, VisibilityTimeout=43200),
        INVALID,
        number(
            43200,
            "VisibilityTimeout",
            "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
        ),
    ),
    (
        "ReceiveMessage",
        at(fifo, ReceiveRequestAttemptId="done"),
        INVALID,
        number(
            "done",
            "ReceiveRequestAttemptId",
            "The receiveRequestAttemptId is not valid anymore since the receive call is not "
            "retryable.",
        ),
    ),
    (
        "ChangeMessageVisibility",
        at(standard, ReceiptHandle=GONE, VisibilityTimeout=1),
        INVALID,
        number(
            GONE,
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        ),
    ),
    ("StartMessageMoveTask", {}, MISSING, missing("SourceArn")),
    (
        "StartMessageMoveTask",
        {"SourceArn": arn("err-nobody")},
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": arn("err-standard")},
        INVALID,
        "Source queue must be configured as a Dead Letter Queue.",
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": arn("err-dead"), "DestinationArn": arn("err-nobody")},
        "ResourceNotFoundException",
        "The resource that you specified for the DestinationArn parameter doesn't exist.",
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": arn("err-dead"), "DestinationArn": arn("err-dead")},
        "UnsupportedOperation",
        None,
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": arn("err-dead"), "MaxNumberOfMessagesPerSecond": 501},
        INVALID,
        None,
    ),
    (
        "CancelMessageMoveTask",
        {"TaskHandle": "garbage"},
        INVALID,
        "Value for parameter TaskHandle is invalid.",
    ),
    (
        "CancelMessageMoveTask",
        {"TaskHandle": encoded({"taskId": "t", "sourceArn": arn("err-nobody")})},
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    ),
    (
        "CancelMessageMoveTask",
        {"TaskHandle": encoded({"taskId": "t", "sourceArn": arn("err-dead")})},
        "ResourceNotFoundException",
        "Task does not exist.",
    ),
    (
        "ListMessageMoveTasks",
        {"SourceArn": arn("err-nobody")},
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    ),
    ("ListMessageMoveTasks", {"SourceArn": arn("err-dead"), "MaxResults": 11}, INVALID, None),
]


def run():
    rows = [*ROWS, *redrive_rows(), *attribute_rows(), *queue_rows(), *batch_rows()]

    faults = []
    for row in rows:
        try:
            check(*row)
        except AssertionError as error:
            faults.append(f"{error}")
    shown = {(shape, action) for action, _, shape, *_ in rows}
    for action in MODEL.operation_names:
        for shape in MODEL.operation_model(action).error_shapes:
            known = shape.name in NOT_PROVOKED or (shape.name, action) in ELSEWHERE | shown
            # Of those that model it, few actions have operations that are unsupported.
            if not known and shape.name != "UnsupportedOperation":
                faults.append(f"no row shows {shape.name} of {action}")
    if faults:
        raise SystemExit("\n".join(faults))
    shapes = len({shape for shape, _ in shown})
    print(json.dumps({"rows": len(rows), "shapes": shapes, "by_rust_sdk": by_sdk}))


run()
