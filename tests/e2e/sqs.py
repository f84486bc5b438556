"""Every action of SQS, and its main errors, by boto3: python3 sqs.py ENDPOINT.

It runs with boto3 before 1.28.82 too, which speaks the query protocol to SQS.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]


def client(region):
    # Wrong credentials, and a region that is not the server's.
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="anyone",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


sqs = client("eu-west-1")
ACCOUNT = "000000000000"
PREFIX = "AWS.SimpleQueueService."


def arn(name):
    return sqs.get_queue_attributes(QueueUrl=url(name), AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]


def url(name):
    return f"{endpoint}/{ACCOUNT}/{name}"


def fails(code, status, action, **arguments):
    """The call must fail like this; returns the message."""
    try:
        answer = getattr(sqs, action)(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), (action, error.response)
        assert error.response["Error"]["Message"], error.response
        return error.response["Error"]["Message"]
    raise SystemExit(f"{action} did not fail: {answer}")


def queues():
    created = sqs.create_queue(
        QueueName="py-first", Attributes={"VisibilityTimeout": "9"}, tags={"team": "tea"}
    )
    assert created["QueueUrl"] == url("py-first"), created
    assert sqs.get_queue_url(QueueName="py-first")["QueueUrl"] == url("py-first")
    for number in range(3):
        sqs.create_queue(QueueName=f"py-page-{number}")
    names, token = [], {}
    while True:
        page = sqs.list_queues(QueueNamePrefix="py-page-", MaxResults=2, **token)
        assert 1 <= len(page["QueueUrls"]) <= 2, page
        names += page["QueueUrls"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert names == [url(f"py-page-{number}") for number in range(3)], names
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="py-none")

    sqs.set_queue_attributes(QueueUrl=url("py-first"), Attributes={"DelaySeconds": "0"})
    attributes = sqs.get_queue_attributes(QueueUrl=url("py-first"), AttributeNames=["All"])
    attributes = attributes["Attributes"]
    assert attributes["VisibilityTimeout"] == "9", attributes
    assert attributes["QueueArn"].endswith(f":{ACCOUNT}:py-first"), attributes

    sqs.tag_queue(QueueUrl=url("py-first"), Tags={"a": "<&>", "b": ""})
    sqs.untag_queue(QueueUrl=url("py-first"), TagKeys=["team"])
    tags = sqs.list_queue_tags(QueueUrl=url("py-first"))["Tags"]
    assert tags == {"a": "<&>", "b": ""}, tags

    sqs.add_permission(
        QueueUrl=url("py-first"),
        Label="friends",
        AWSAccountIds=["123456789012"],
        Actions=["SendMessage", "ReceiveMessage"],
    )
    policy = sqs.get_queue_attributes(QueueUrl=url("py-first"), AttributeNames=["Policy"])
    statement = json.loads(policy["Attributes"]["Policy"])["Statement"][0]
    assert (statement["Sid"], len(statement["Action"])) == ("friends", 2), statement
    sqs.remove_permission(QueueUrl=url("py-first"), Label="friends")

    sqs.send_message(QueueUrl=url("py-first"), MessageBody="to be purged")
    sqs.purge_queue(QueueUrl=url("py-first"))
    assert "Messages" not in sqs.receive_message(QueueUrl=url("py-first"))
    sqs.delete_queue(QueueUrl=url("py-first"))
    fails(PREFIX + "NonExistentQueue", 400, "get_queue_url", QueueName="py-first")


def messages():
    queue = sqs.create_queue(QueueName="py-messages")["QueueUrl"]
    body = "<a href=\"x\">'&amp;\r\n\tgrüße \U0001f375</a>"
    attributes = {
        "text": {"DataType": "String", "StringValue": body},
        "number.kind": {"DataType": "Number.int", "StringValue": "-7"},
        "raw": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3f"}}
    # botocore checks the MD5s by itself.
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody=body,
        MessageAttributes=attributes,
        MessageSystemAttributes=trace,
    )
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32, sent
    got = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=5
    )["Messages"]
    assert [message["Body"] for message in got] == [body], got
    assert got[0]["MessageId"] == sent["MessageId"]
    assert got[0]["MessageAttributes"] == attributes, got
    assert got[0]["Attributes"]["ApproximateReceiveCount"] == "1", got
    assert got[0]["Attributes"]["AWSTraceHeader"] == "Root=1-5759e988-bd862e3f", got
    sqs.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"], VisibilityTimeout=0
    )
    got = sqs.receive_message(
        QueueUrl=queue, MessageAttributeNames=["number.*"], VisibilityTimeout=60
    )["Messages"]
    assert list(got[0]["MessageAttributes"]) == ["number.kind"], got
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"])

    entries = [{"Id": f"m{number}", "MessageBody": f"body {number}"} for number in range(9)]
    entries.append({"Id": "late", "MessageBody": "x", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == [f"m{n}" for n in range(9)], sent
    failed = sent["Failed"][0]
    assert (failed["Id"], failed["SenderFault"]) == ("late", True), sent
    assert failed["Code"] == "InvalidParameterValue", sent
    left = {f"body {number}" for number in range(9)}
    while left:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        handles = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(got["Messages"])
        ]
        longer = [dict(entry, VisibilityTimeout=60) for entry in handles]
        changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=longer)
        assert len(changed["Successful"]) == len(handles) and "Failed" not in changed, changed
        bad = {"Id": "bad", "ReceiptHandle": "nonsense"}
        deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=(handles + [bad])[:10])
        assert len(deleted["Successful"]) == len(handles), deleted
        assert [entry["Code"] for entry in deleted["Failed"]] == ["ReceiptHandleIsInvalid"]
        left -= {message["Body"] for message in got["Messages"]}


def fifo():
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = sqs.create_queue(QueueName="py-line.fifo", Attributes=attributes)["QueueUrl"]
    sent = sqs.send_message(QueueUrl=queue, MessageBody="a", MessageGroupId="g")
    again = sqs.send_message(QueueUrl=queue, MessageBody="a", MessageGroupId="g")
    assert sent["SequenceNumber"] == again["SequenceNumber"], (sent, again)
    entry = {"Id": "b", "MessageBody": "b", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    assert sqs.send_message_batch(QueueUrl=queue, Entries=[entry])["Successful"][0]["SequenceNumber"]
    arguments = dict(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        AttributeNames=["All"],
        ReceiveRequestAttemptId="attempt",
    )
    first = sqs.receive_message(**arguments)["Messages"]
    assert [message["Body"] for message in first] == ["a", "b"], first
    assert first[0]["Attributes"]["MessageGroupId"] == "g", first
    assert first[1]["Attributes"]["MessageDeduplicationId"] == "d", first
    second = sqs.receive_message(**arguments)["Messages"]
    handles = [[message["ReceiptHandle"] for message in got] for got in (first, second)]
    assert handles[0] == handles[1]
    fails("MissingParameter", 400, "send_message", QueueUrl=queue, MessageBody="alone")


def dead_letters():
    dead = sqs.create_queue(QueueName="py-dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn("py-dead"), "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName="py-source", Attributes={"RedrivePolicy": redrive})
    source = source["QueueUrl"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]
    sqs.send_message(QueueUrl=source, MessageBody="poison")
    for _ in range(2):
        sqs.receive_message(QueueUrl=source, VisibilityTimeout=0)
    counted = sqs.get_queue_attributes(
        QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "1", counted

    task = sqs.start_message_move_task(SourceArn=arn("py-dead"), MaxNumberOfMessagesPerSecond=500)
    handle = task["TaskHandle"]
    began = time.monotonic()
    while True:
        entry = sqs.list_message_move_tasks(SourceArn=arn("py-dead"), MaxResults=10)["Results"][0]
        if entry["Status"] == "COMPLETED":
            break
        assert entry["Status"] == "RUNNING" and time.monotonic() - began < 60, entry
        time.sleep(0.05)
    assert entry["ApproximateNumberOfMessagesMoved"] == 1, entry
    assert entry["SourceArn"] == arn("py-dead") and entry["StartedTimestamp"] > 1e12, entry
    got = sqs.receive_message(QueueUrl=source, WaitTimeSeconds=5)["Messages"]
    assert got[0]["Body"] == "poison", got
    over = fails(PREFIX + "UnsupportedOperation", 400, "cancel_message_move_task", TaskHandle=handle)
    assert "RUNNING" in over, over
    none = arn("py-dead") + "-none"
    fails("ResourceNotFoundException", 404, "start_message_move_task", SourceArn=none)


def errors():
    queue = sqs.create_queue(QueueName="py-errors")["QueueUrl"]
    gone = {"QueueUrl": url("py-nobody")}
    message = {"QueueUrl": queue, "MessageBody": "x"}
    batch = {"QueueUrl": queue, "Entries": []}
    entry = {"Id": "a", "MessageBody": "x"}
    for code, status, action, arguments in [
        (PREFIX + "NonExistentQueue", 400, "send_message", dict(gone, MessageBody="x")),
        (PREFIX + "NonExistentQueue", 400, "receive_message", gone),
        (
            "QueueAlreadyExists",
            400,
            "create_queue",
            {"QueueName": "py-errors", "Attributes": {"DelaySeconds": "1"}},
        ),
        ("InvalidParameterValue", 400, "create_queue", {"QueueName": "not a name"}),
        (
            "InvalidAttributeName",
            400,
            "create_queue",
            {"QueueName": "py-x", "Attributes": {"Colour": "red"}},
        ),
        (
            "InvalidAttributeValue",
            400,
            "set_queue_attributes",
            {"QueueUrl": queue, "Attributes": {"DelaySeconds": "901"}},
        ),
        ("InvalidMessageContents", 400, "send_message", dict(message, MessageBody="\x01")),
        ("InvalidParameterValue", 400, "send_message", dict(message, DelaySeconds=-1)),
        ("InvalidParameterValue", 400, "send_message", dict(message, MessageBody="x" * 1048577)),
        (
            "InvalidParameterValue",
            400,
            "receive_message",
            {"QueueUrl": queue, "MaxNumberOfMessages": 11},
        ),
        (
            "ReceiptHandleIsInvalid",
            400,
            "delete_message",
            {"QueueUrl": queue, "ReceiptHandle": "nonsense"},
        ),
        (PREFIX + "EmptyBatchRequest", 400, "send_message_batch", batch),
        (
            PREFIX + "TooManyEntriesInBatchRequest",
            400,
            "send_message_batch",
            dict(batch, Entries=[dict(entry, Id=str(number)) for number in range(11)]),
        ),
        (
            PREFIX + "BatchEntryIdsNotDistinct",
            400,
            "send_message_batch",
            dict(batch, Entries=[entry, entry]),
        ),
        (
            PREFIX + "InvalidBatchEntryId",
            400,
            "send_message_batch",
            dict(batch, Entries=[dict(entry, Id="a b")]),
        ),
        (
            PREFIX + "BatchRequestTooLong",
            400,
            "send_message_batch",
            dict(batch, Entries=[dict(entry, Id=i, MessageBody="x" * 600000) for i in "ab"]),
        ),
        (
            "InvalidParameterValue",
            400,
            "remove_permission",
            {"QueueUrl": queue, "Label": "nobody"},
        ),
    ]:
        fails(code, status, action, **arguments)
    try:
        sqs.purge_queue(QueueUrl=url("py-nobody"))
        raise SystemExit("no error")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    fails(PREFIX + "PurgeQueueInProgress", 403, "purge_queue", QueueUrl=purged(queue))
    sqs.delete_queue(QueueUrl=queue)
    fails(PREFIX + "QueueDeletedRecently", 400, "create_queue", QueueName="py-errors")


def purged(queue):
    sqs.purge_queue(QueueUrl=queue)
    return queue


for part in (queues, messages, fifo, dead_letters, errors):
    part()
print(json.dumps({"actions": len(sqs.meta.service_model.operation_names)}))
