"""Callers of the application of authorizers.rs.

python3 authorizers.py FOLDER keys                                    makes keys
python3 authorizers.py FOLDER requests ISSUER HTTP_PORT API_KEY ID SECRET   uses them
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

folder, what, *arguments = sys.argv[1:]
folder = Path(folder)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(kid, key):
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": number(public.n), "e": number(public.e)}


if what == "keys":
    key = rsa.generate_private_key(65537, 2048)
    form = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    (folder / "keys.json").write_text(json.dumps({"keys": [jwk("filed", key)]}))
    sys.exit()

issuer, port, api_key, key_id, secret = arguments
own = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
other = rsa.generate_private_key(65537, 2048)
served = {"keys": [jwk("one", own)]}
asked = 0


class Documents(http.server.BaseHTTPRequestHandler):
    """What the issuer tells."""

    def do_GET(self):
        global asked
        if self.path == "/.well-known/openid-configuration":
            document = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        else:
            asked += 1
            document = served
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


address = urllib.parse.urlsplit(issuer)
server = http.server.ThreadingHTTPServer((address.hostname, address.port), Documents)
threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(host, path, headers=None, method="GET", body=None):
    """Status, headers and body; what is too large is refused before anybody answers in JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    headers = {"Host": f"{host}.localhost:{port}"} | dict(headers or {})
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    document = None if response.status == 431 else json.loads(text)
    return response.status, response.headers, document


def token(claims=None, header=None, key=own):
    header = {"alg": "RS256", "kid": "one", "typ": "JWT"} | (header or {})
    now = int(time.time())
    good = {"iss": issuer, "aud": "shop", "sub": "ann", "iat": now - 5, "exp": now + 300}
    claims = good | (claims or {})
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{encoded(signature)}"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


# Tokens.
status, _, event = ask("web", "/token", bearer(token({"groups": ["a", "b"], "admin": True})))
assert status == 200, event
jwt = event["requestContext"]["authorizer"]["jwt"]
assert jwt["claims"]["sub"] == "ann" and jwt["scopes"] is None, jwt
assert jwt["claims"]["groups"] == "[a b]" and jwt["claims"]["admin"] == "true", jwt
assert jwt["claims"]["exp"].isdigit(), jwt
status, _, event = ask("web", "/scoped", bearer(token({"scope": "read write"})))
assert (status, event["requestContext"]["authorizer"]["jwt"]["scopes"]) == (200, ["write"])
status, headers, body = ask("web", "/scoped", bearer(token({"scope": "read"})))
assert (status, body) == (403, {"message": "Forbidden"}), body
assert 'error="insufficient_scope"' in headers["www-authenticate"]
# From a file; the issuer is nowhere.
filed = {"iss": "https://filed.example/"}
assert ask("web", "/filed", bearer(token(filed, {"kid": "filed"})))[0] == 200
assert ask("web", "/filed", bearer(token(filed, {"kid": "filed"}, other)))[0] == 401

# Attacks.
now = int(time.time())
good = token()
head, claims, signature = good.split(".")
none = encoded(json.dumps({"alg": "none", "kid": "one"}).encode())
symmetric = encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode())
public = own.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
forged = hmac.new(public, f"{symmetric}.{claims}".encode(), hashlib.sha256).digest()
richer = encoded(json.dumps({"iss": issuer, "aud": "shop", "exp": now + 300, "sub": "eve"}).encode())
for name, bad in {
    "nothing": "",
    "no algorithm": f"{none}.{claims}.",
    "the public key as a secret": f"{symmetric}.{claims}.{encoded(forged)}",
    "another key": token(key=other),
    "a key that nobody has": token(header={"kid": "two"}),
    "changed claims": f"{head}.{richer}.{signature}",
    "over": token({"exp": now - 1}),
    "without an end": token({"exp": None}),
    "of the future": token({"nbf": now + 300}),
    "made in the future": token({"iat": now + 300}),
    "another audience": token({"aud": "till"}),
    "another issuer": token({"iss": "https://filed.example/"}),
    "half": good[: len(good) // 2],
    "huge": f"{head}.{'a' * 9_000}.{signature}",
}.items():
    status, headers, body = ask("web", "/token", bearer(bad))
    assert (status, body) == (401, {"message": "Unauthorized"}), (name, status, body)
    assert headers["www-authenticate"].startswith("Bearer"), name
# API Gateway takes no such headers at all.
assert ask("web", "/token", bearer(f"{head}.{'a' * 100_000}.{signature}"))[0] == 431
status, headers, body = ask("web", "/token")
assert (status, headers["www-authenticate"]) == (401, "Bearer")
expected = 'Bearer scope="" error="invalid_token" error_description='
expected += '"the token does not have a valid audience"'
assert ask("web", "/token", bearer(token({"aud": "x"})))[1]["www-authenticate"] == expected
# All of that asked the issuer once: a made-up key is no reason to ask again at once.
assert asked == 1, asked

# Lambda authorizers: what is kept, what is refused, what fails.
calls = []
for _ in range(3):
    status, _, event = ask("web", "/simple", {"X-User": "ann"})
    assert status == 200, event
    calls.append(event["requestContext"]["authorizer"]["lambda"]["calls"])
assert len(set(calls)) == 1, calls
assert ask("web", "/simple", {"X-User": "bob"})[::2] == (403, {"message": "Forbidden"})
assert ask("web", "/simple")[::2] == (401, {"message": "Unauthorized"})
status, headers, body = ask("web", "/simple", {"X-User": "boom"})
assert (status, body) == (500, {"message": "Internal Server Error"})
assert "no database" in headers["x-samovar-reason"]
status, _, event = ask("rest", "/policy", {"X-Token": "Allow"})
authorizer = event["requestContext"]["authorizer"]
assert (status, authorizer["principalId"]) == (200, "ann"), event
assert authorizer["calls"].isdigit() and "integrationLatency" in authorizer, authorizer
status, headers, body = ask("rest", "/policy", {"X-Token": "Deny"})
assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
assert body["Message"].endswith("with an explicit deny"), body
assert ask("rest", "/policy", {"X-Token": "unauthorized"})[::2] == (401, {"message": "Unauthorized"})
status, headers, body = ask("rest", "/policy", {"X-Token": "neither"})
assert (status, body) == (500, {"message": None}), body
assert headers["x-amzn-errortype"] == "AuthorizerConfigurationException"

# Limits of a route, API keys, quotas.
assert [ask("web", "/open")[0] for _ in range(4)] == [200, 200, 429, 429]
for headers in [{}, {"X-Api-Key": "guessed"}]:
    assert ask("rest", "/keyed", headers)[::2] == (403, {"message": "Forbidden"})
for _ in range(3):
    status, _, event = ask("rest", "/keyed", {"X-Api-Key": api_key})
    assert (status, event["requestContext"]["identity"]["apiKey"]) == (200, api_key)
assert ask("rest", "/keyed", {"X-Api-Key": api_key})[::2] == (429, {"message": "Limit Exceeded"})


# Signatures, by AWS's own client.
def signed(host, path, service, secret=secret, body=b'{"n": 1}', method="POST"):
    url = f"http://127.0.0.1:{port}{path}"
    headers = {"Host": f"{host}.localhost:{port}", "Content-Type": "application/json"}
    request = AWSRequest(method, url, headers, body)
    signer = botocore.auth.SigV4Auth(Credentials(key_id, secret), service, "us-east-1")
    signer.add_auth(request)
    return dict(request.headers)


def post(host, path, headers, body=b'{"n": 1}'):
    return ask(host, path, headers, "POST", body)


status, _, event = post("web", "/signed?a=b%20c", signed("web", "/signed?a=b%20c", "execute-api"))
assert status == 200, event
assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == key_id, event
status, _, event = post("rest", "/signed", signed("rest", "/signed", "execute-api"))
assert (status, event["requestContext"]["identity"]["accessKey"]) == (200, key_id), event
status, _, event = post("show", "/any", signed("show", "/any", "lambda"))
assert status == 200, event
assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == key_id, event
assert event["requestContext"]["accountId"] == "000000000000", event

forbidden = (403, {"message": "Forbidden"})
assert post("web", "/signed", {})[::2] == forbidden
assert post("web", "/signed", signed("web", "/signed", "lambda"))[::2] == forbidden
assert post("web", "/signed", signed("web", "/other", "execute-api"))[::2] == forbidden
assert post("web", "/signed", signed("web", "/signed", "execute-api"), b"{}")[::2] == forbidden
wrong = signed("web", "/signed", "execute-api", secret="another secret of nobody at all")
assert post("web", "/signed", wrong)[::2] == forbidden
status, headers, body = post("rest", "/signed", {})
assert (status, body) == (403, {"message": "Missing Authentication Token"})
assert headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
wrong = signed("rest", "/signed", "execute-api", secret="another secret of nobody at all")
status, headers, body = post("rest", "/signed", wrong)
assert (status, headers["x-amzn-errortype"]) == (403, "InvalidSignatureException"), body
status, headers, body = post("show", "/any", {})
assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
assert body["Message"].startswith("Forbidden."), body
