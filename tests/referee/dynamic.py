"""Dynamic references: what CloudFormation takes from parameter store and Secrets Manager.

Source: AWS CloudFormation user guide, "Get values stored in other services using dynamic
references".
"""

import json
import re

from identities import Generated

REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")


def substitute(text, values):
    """`text` with the references whose values are known replaced, the others generated."""
    return REFERENCE.sub(lambda match: lookup(*match.groups(), values), text)


def lookup(service, path, values):
    unknown = Generated.mark(path)
    if service.startswith("ssm"):
        name = re.sub(r":\d+$", "", path)
        return values.get("ssm", {}).get(name, unknown)
    name, _, rest = path.partition(":SecretString")
    secret = values.get("secrets", {}).get(name)
    key = rest.split(":")[1] if ":" in rest else ""
    if secret is None or not key:
        return unknown if secret is None else secret
    return json.loads(secret)[key]
