"""`Fn::ForEach` within the properties of resources, which SAM CLI's code leaves as it is.

Source: AWS CloudFormation template reference guide, "Fn::ForEach".
"""

import re

PREFIX = "Fn::ForEach::"


def expand(value, resolver):
    """`value` with every loop replaced by what it makes."""
    if isinstance(value, list):
        return [expand(item, resolver) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        if key.startswith(PREFIX):
            variable, collection, body = item
            for member in resolver.items(collection):
                result.update(expand(substitute(body, variable, member), resolver))
        else:
            result[key] = expand(item, resolver)
    return result


def substitute(value, variable, member):
    """`value` with the loop's variable replaced, in keys too."""
    if isinstance(value, list):
        return [substitute(item, variable, member) for item in value]
    if isinstance(value, dict):
        if value == {"Ref": variable}:
            return member
        return {
            substitute(key, variable, member): substitute(item, variable, member)
            for key, item in value.items()
        }
    if isinstance(value, str):
        value = value.replace(f"${{{variable}}}", member)
        return value.replace(f"&{{{variable}}}", re.sub(r"[^A-Za-z0-9]", "", member))
    return value
