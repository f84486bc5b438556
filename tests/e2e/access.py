"""Signatures by boto3: python3 access.py ENDPOINT KEY SECRET.

The application is that of managed.rs, with a function that shows its environment.
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

endpoint, key, secret = sys.argv[1:]


def client(service, key=key, secret=secret, token=None):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    else:
        raise AssertionError(f"{code} was expected")


def send(request):
    """Status and error type of a request as it is."""
    request = urllib.request.Request(
        request.url, request.body, dict(request.headers), method=request.method
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-amzn-errortype"]


# Good keys: every protocol and every form of path.
functions = client("lambda")
event = {"Payload": json.dumps({"n": 1})}
got = functions.invoke(FunctionName="Declared", **event)
variables = json.load(got["Payload"])["variables"]
arn = "arn:aws:lambda:us-east-1:000000000000:function:Declared"
functions.invoke(FunctionName=arn, Qualifier="$LATEST", **event)
functions.list_tags(Resource=arn)
functions.list_functions(MaxItems=1)
assert client("sqs").list_queues()["QueueUrls"]
client("sns").list_topics()
client("events").put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}])

# What a function signs with is good, and is not what its user has.
own = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
assert key not in own and secret not in own
client("sqs", *own, variables["AWS_SESSION_TOKEN"]).list_queues()

# Wrong keys.
wrong = "not the secret of these tests"
refused("InvalidSignatureException", client("lambda", key, wrong).list_functions)
refused("UnrecognizedClientException", client("lambda", "AKIDOTHER").list_functions)
refused("SignatureDoesNotMatch", client("sns", key, wrong).list_topics)
refused("InvalidClientTokenId", client("sns", "AKIDOTHER").list_topics)
for service in ["sqs", "lambda"]:
    try:
        bad = client(service, key, wrong)
        (bad.list_queues if service == "sqs" else bad.list_functions)()
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    else:
        raise AssertionError("a wrong secret was taken")


def signed(body=b'{"n": 1}', at=None, **more):
    url = f"{endpoint}/2015-03-31/functions/Declared/invocations"
    request = AWSRequest("POST", url, data=body, headers=more)
    signer = botocore.auth.SigV4Auth(Credentials(key, secret), "lambda", "us-east-1")
    if at is None:
        signer.add_auth(request)
        return request.prepare()
    # botocore takes the time from its own module's function or class, by version.
    now = datetime.datetime.now(datetime.timezone.utc) + at
    real = getattr(botocore.auth, "get_current_datetime", None)
    if real is not None:
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: now.replace(tzinfo=None)
        signer.add_auth(request)
        botocore.auth.get_current_datetime = real
    else:

        class Clock(datetime.datetime):
            @classmethod
            def utcnow(cls):
                return now.replace(tzinfo=None)

        real, botocore.auth.datetime = botocore.auth.datetime, type(
            "datetime", (), {"datetime": Clock}
        )
        signer.add_auth(request)
        botocore.auth.datetime = real
    return request.prepare()


assert send(signed()) == (200, None)
# A stale date, and one of the future.
for minutes in [-10, 10]:
    stale = signed(at=datetime.timedelta(minutes=minutes))
    assert send(stale) == (403, "InvalidSignatureException"), minutes
# A changed body.
changed = signed()

request = urllib.request.Request(
    changed.url, b'{"n": 2}', dict(changed.headers) | {"Content-Length": "8"}, method="POST"
)
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    assert error.code == 403 and error.headers["x-amzn-errortype"] == "InvalidSignatureException"
else:
    raise AssertionError("a changed body was taken")
# No signature: not for the protocols, and not for Samovar's own pages about queues.
for path in ["/2015-03-31/functions/", "/_samovar/queues", "/"]:
    try:
        urllib.request.urlopen(endpoint + path)
    except urllib.error.HTTPError as error:
        assert (error.code, error.headers["x-amzn-errortype"]) == (
            403,
            "MissingAuthenticationTokenException",
        )
    else:
        raise AssertionError(f"{path} was answered")
# A presigned URL.
request = AWSRequest("GET", f"{endpoint}/2015-03-31/functions/")
signer = botocore.auth.SigV4QueryAuth(Credentials(key, secret), "lambda", "us-east-1", 60)
signer.add_auth(request)
with urllib.request.urlopen(request.url) as response:
    assert response.status == 200
# Where code is fetched is presigned by Samovar: whoever may ask may hand it on.
with urllib.request.urlopen(request.url) as response:
    name = json.load(response)["Functions"][0]["FunctionName"]
request = AWSRequest("GET", f"{endpoint}/2015-03-31/functions/{name}")
signer.add_auth(request)
with urllib.request.urlopen(request.url) as response:
    location = json.load(response)["Code"]["Location"]
assert location.startswith(f"{endpoint}/_samovar/archives/functions/"), location
with urllib.request.urlopen(location) as response:
    assert response.read(2) == b"PK"
for refused in [location.split("?")[0], location.replace("LATEST", "OTHER")]:
    try:
        urllib.request.urlopen(refused)
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
    else:
        raise AssertionError(f"{refused} was answered")
