"""Topics and event buses by boto3: python3 senders.py ENDPOINT.

The application is that of senders.rs.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="anyone",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


sns, events, sqs = client("sns"), client("events"), client("sqs")
TOPIC = "arn:aws:sns:us-east-1:000000000000:Orders"


def url(queue):
    return f"{endpoint}/000000000000/{queue}"


def receive(queue):
    """The one message of a queue, deleted."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        got = sqs.receive_message(
            QueueUrl=url(queue), WaitTimeSeconds=5, MessageAttributeNames=["All"]
        )
        for message in got.get("Messages", []):
            sqs.delete_message(QueueUrl=url(queue), ReceiptHandle=message["ReceiptHandle"])
            return message
    raise SystemExit(f"nothing arrived in {queue}")


def is_empty(queue):
    counts = sqs.get_queue_attributes(QueueUrl=url(queue), AttributeNames=["All"])["Attributes"]
    return counts["ApproximateNumberOfMessages"] == "0"


def topics():
    large = {"size": {"DataType": "String", "StringValue": "large"}}
    published = sns.publish(
        TopicArn=TOPIC, Message="tea", Subject="an order", MessageAttributes=large
    )

    # The envelope, for a subscriber that takes all.
    envelope = json.loads(receive("All")["Body"])
    assert envelope["Type"] == "Notification", envelope
    assert envelope["MessageId"] == published["MessageId"], envelope
    assert envelope["TopicArn"] == TOPIC, envelope
    assert envelope["Subject"] == "an order" and envelope["Message"] == "tea", envelope
    assert envelope["MessageAttributes"] == {"size": {"Type": "String", "Value": "large"}}, envelope

    # The message itself with its attributes, for one that takes large orders, raw.
    raw = receive("Large")
    assert raw["Body"] == "tea", raw
    assert raw["MessageAttributes"] == large, raw

    sns.publish_batch(
        TopicArn=TOPIC,
        PublishBatchRequestEntries=[{"Id": "a", "Message": "one"}, {"Id": "b", "Message": "two"}],
    )
    assert {json.loads(receive("All")["Body"])["Message"] for _ in range(2)} == {"one", "two"}
    assert is_empty("Large"), "the filter policy let a message through"

    arns = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    assert TOPIC in arns, arns
    try:
        sns.publish(TopicArn=TOPIC + "X", Message="tea")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NotFound", error.response
    else:
        raise SystemExit("a topic that is not there took a message")


def buses():
    entry = {"Source": "shop", "DetailType": "Paid", "Detail": json.dumps({"amount": 12})}
    answer = events.put_events(Entries=[entry, {**entry, "Detail": "no JSON"}])
    assert answer["FailedEntryCount"] == 1, answer
    assert "EventId" in answer["Entries"][0], answer
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail", answer
    # No rule wants this one.
    events.put_events(Entries=[{**entry, "Detail": json.dumps({"amount": 2})}])


topics()
buses()
print(json.dumps({"ok": True}))
