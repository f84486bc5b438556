"""Calls of `@connections`: ENDPOINT CONNECTION-ID PHASE."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

endpoint, connection, phase = sys.argv[1:]
client = boto3.client(
    "apigatewaymanagementapi",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="secret",
)


def failure(call, **arguments):
    try:
        call(ConnectionId=connection, **arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


if phase == "send":
    about = client.get_connection(ConnectionId=connection)
    client.post_to_connection(ConnectionId=connection, Data=b"from boto3")
    told = {
        "large": failure(client.post_to_connection, Data=b"x" * (128 * 1024 + 1)),
        "sourceIp": about["Identity"]["SourceIp"],
        "hasTimes": about["LastActiveAt"] >= about["ConnectedAt"],
    }
elif phase == "end":
    client.delete_connection(ConnectionId=connection)
    told = {"ended": True}
else:
    told = {
        "gone": [
            failure(client.get_connection),
            failure(client.post_to_connection, Data=b"late"),
            failure(client.delete_connection),
        ]
    }
print(json.dumps(told))
