"""Topics that clients make, by boto3: python3 topics.py ENDPOINT make|use.

The application is that of topics.rs. What `make` makes, `use` finds after a restart.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, phase = sys.argv[1:]


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="anyone",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


sns, sqs = client("sns"), client("sqs")
HERE = "us-east-1:000000000000"
NEWS, ORDERS = f"arn:aws:sns:{HERE}:news", f"arn:aws:sns:{HERE}:Orders"
QUEUE, LETTERS = f"arn:aws:sqs:{HERE}:Jobs", f"arn:aws:sqs:{HERE}:Letters"
POLICY = {"kind": ["tea"]}


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
    else:
        raise SystemExit(f"{call.__name__} was not refused: {arguments}")


def received():
    got = sqs.receive_message(
        QueueUrl=f"{endpoint}/000000000000/Jobs", MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    for message in got.get("Messages", []):
        sqs.delete_message(
            QueueUrl=f"{endpoint}/000000000000/Jobs", ReceiptHandle=message["ReceiptHandle"]
        )
    return sorted(message["Body"] for message in got.get("Messages", []))


def subscriptions(topic):
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]


def make():
    made = sns.create_topic(
        Name="news", Attributes={"DisplayName": "News"}, Tags=[{"Key": "team", "Value": "a"}]
    )
    assert made["TopicArn"] == NEWS, made
    assert sns.create_topic(Name="news")["TopicArn"] == NEWS
    assert sns.create_topic(Name="Orders")["TopicArn"] == ORDERS
    refused("InvalidParameter", sns.create_topic, Name="news", Attributes={"DisplayName": "X"})
    for number in range(205):
        sns.create_topic(Name=f"topic-{number}")
    pages = list(sns.get_paginator("list_topics").paginate())
    assert [len(page["Topics"]) for page in pages] == [100, 100, 7], pages
    refused("InvalidParameter", sns.list_topics, NextToken="nonsense")
    for number in range(205):
        sns.delete_topic(TopicArn=f"arn:aws:sns:{HERE}:topic-{number}")

    raw = {"RawMessageDelivery": "true"}
    for topic in (NEWS, ORDERS):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes=raw)
    refused("InvalidParameter", sns.delete_topic, TopicArn=ORDERS)
    refused("InvalidParameter", sns.subscribe, TopicArn=NEWS, Protocol="email", Endpoint="a@b.c")
    arn = subscriptions(NEWS)[0]
    for name, value in {
        "FilterPolicy": json.dumps(POLICY),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": LETTERS}),
    }.items():
        sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName=name, AttributeValue=value
        )
    sns.tag_resource(ResourceArn=NEWS, Tags=[{"Key": "stage", "Value": "test"}])
    sns.untag_resource(ResourceArn=NEWS, TagKeys=["team"])
    sns.set_topic_attributes(TopicArn=NEWS, AttributeName="DisplayName", AttributeValue="Tea")


def use():
    assert [one["TopicArn"] for one in sns.list_topics()["Topics"]] == [ORDERS, NEWS]
    attributes = sns.get_topic_attributes(TopicArn=NEWS)["Attributes"]
    assert attributes["DisplayName"] == "Tea", attributes
    assert attributes["SubscriptionsConfirmed"] == "1", attributes
    tags = sns.list_tags_for_resource(ResourceArn=NEWS)["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}], tags
    arn = subscriptions(NEWS)[0]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == POLICY, attributes
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == LETTERS, attributes
    assert attributes["RawMessageDelivery"] == "true", attributes
    assert attributes["Endpoint"] == QUEUE and attributes["TopicArn"] == NEWS, attributes

    tea = {"kind": {"DataType": "String", "StringValue": "tea"}}
    sns.publish(TopicArn=NEWS, Message="tea", MessageAttributes=tea)
    sns.publish(TopicArn=NEWS, Message="coffee")
    sns.publish(TopicArn=ORDERS, Message="order")
    assert received() == ["order", "tea"]
    for _ in range(2):
        sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=NEWS, Message="tea", MessageAttributes=tea)
    assert received() == []
    for _ in range(2):
        sns.delete_topic(TopicArn=NEWS)
    refused("NotFound", sns.publish, TopicArn=NEWS, Message="tea")
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=arn)
    refused("ResourceNotFound", sns.list_tags_for_resource, ResourceArn=NEWS)


{"make": make, "use": use}[phase]()
print(json.dumps({"ok": True}))
