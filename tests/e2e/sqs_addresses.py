"""Queues of several accounts and regions, by boto3: python3 sqs_addresses.py ENDPOINT PHASE.

The template of sqs_addresses.rs has a queue `Jobs` and is of us-east-1 and 000000000000. What
`make` makes, `use` finds after a restart.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, phase = sys.argv[1:]


def client(region, key="anyone"):
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


PLACES = {
    (region, account): client(region, key)
    for region, account, key in [
        ("eu-west-1", "000000000000", "anyone"),
        ("eu-west-2", "000000000000", "AKIDEXAMPLE"),
        ("us-east-1", "111111111111", "111111111111"),
        ("us-east-1", "222222222222", "222222222222"),
        ("eu-west-1", "111111111111", "111111111111"),
    ]
}
here = client("us-east-1")


def url(account, name):
    return f"{endpoint}/{account}/{name}"


def arn(sqs, queue):
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]


def refused(code, call, reason="", **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        told = error.response["Error"]
        assert told["Code"] == code and told["Message"].endswith(reason), told
    else:
        raise SystemExit(f"{call.__name__} was not refused: {arguments}")


def no_queue(sqs, name):
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName=name)


def body(sqs, queue):
    messages = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0).get("Messages", [])
    return messages[0]["Body"] if messages else None


def redrive(target, times=1):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": times})}


def template_s_queue():
    """Whatever the region, before and after there are other queues in it."""
    jobs, jobs_arn = url("000000000000", "Jobs"), "arn:aws:sqs:us-east-1:000000000000:Jobs"
    for (region, account), sqs in PLACES.items():
        assert sqs.get_queue_url(QueueName="Jobs")["QueueUrl"] == jobs
        assert arn(sqs, jobs) == arn(sqs, url(account, "Jobs")) == jobs_arn
        sqs.send_message(QueueUrl=jobs, MessageBody=f"{region} {account}")
        message = here.receive_message(QueueUrl=jobs)["Messages"][0]
        assert message["Body"] == f"{region} {account}", message
        sqs.delete_message(QueueUrl=jobs, ReceiptHandle=message["ReceiptHandle"])
        if account == "000000000000":
            assert sqs.create_queue(QueueName="Jobs")["QueueUrl"] == jobs
            assert arn(sqs, jobs) == jobs_arn


def make():
    template_s_queue()
    for (region, account), sqs in PLACES.items():
        assert sqs.list_queues()["QueueUrls"] == [url("000000000000", "Jobs")]
        no_queue(sqs, "orders")
        made = sqs.create_queue(QueueName="orders")["QueueUrl"]
        assert made == url(account, "orders"), made
        assert arn(sqs, made) == f"arn:aws:sqs:{region}:{account}:orders"
        assert sqs.list_queues()["QueueUrls"] == [made]
        sqs.send_message(QueueUrl=made, MessageBody=f"{region} {account}")
        no_queue(here, "orders")
    template_s_queue()
    owned = here.get_queue_url(QueueName="orders", QueueOwnerAWSAccountId="222222222222")
    assert owned["QueueUrl"] == url("222222222222", "orders")
    dead_letters()


def dead_letters():
    """They stay in their account and region, and so do the tasks that move them back."""
    same = PLACES["eu-west-1", "000000000000"]
    region = PLACES["eu-west-2", "000000000000"]
    account = PLACES["eu-west-1", "111111111111"]
    for sqs in (same, region, account):
        sqs.create_queue(QueueName="dead")
    dead = "arn:aws:sqs:eu-west-1:000000000000:dead"
    for sqs, account_id, reason in [
        (region, "000000000000", "Dead-letter target must be in same region as the source."),
        (here, "000000000000", "Dead-letter target must be in same region as the source."),
        (account, "111111111111", "Dead-letter target owner should be same as the source."),
    ]:
        made = sqs.create_queue(QueueName="source")["QueueUrl"]
        arguments = {"QueueUrl": made, "Attributes": redrive(dead)}
        refused("InvalidParameterValue", sqs.set_queue_attributes, reason, **arguments)
        sqs.delete_queue(QueueUrl=made)
    source = same.create_queue(QueueName="source", Attributes=redrive(dead))["QueueUrl"]
    same.send_message(QueueUrl=source, MessageBody="fails")
    assert body(same, source) == "fails" and body(same, source) is None
    queue = url("000000000000", "dead")
    assert body(region, queue) is None and body(same, queue) == "fails"
    listed = same.list_dead_letter_source_queues(QueueUrl=queue)["queueUrls"]
    assert listed == [source], listed
    assert region.list_dead_letter_source_queues(QueueUrl=queue)["queueUrls"] == []
    refused("ResourceNotFoundException", region.start_message_move_task, SourceArn=dead)
    same.start_message_move_task(SourceArn=dead)
    messages = same.receive_message(QueueUrl=source, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in messages] == ["fails"]


def use():
    template_s_queue()
    for (region, account), sqs in PLACES.items():
        queue = url(account, "orders")
        assert arn(sqs, queue) == f"arn:aws:sqs:{region}:{account}:orders"
        assert body(sqs, queue) == f"{region} {account}"
        # A URL that names the region is found from anywhere.
        address = f"{endpoint}/queue/{region}/{account}/orders"
        assert body(here, address) == f"{region} {account}"
        sqs.delete_queue(QueueUrl=queue)
        no_queue(sqs, "orders")
    no_queue(here, "orders")


{"make": make, "use": use}[phase]()
print(json.dumps({"ok": True}))
