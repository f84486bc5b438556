"""CloudFormation's intrinsic functions, resolved as Samovar's conventions have it.

Source: AWS CloudFormation template reference guide, "Intrinsic function reference" and "Pseudo
parameters reference".
"""

import base64
import ipaddress
import json
import re

from identities import ACCOUNT, REGION, Generated, Resources, Unresolvable, has_generated

STACK = "samovar"
ABSENT = object()
"""What `AWS::NoValue` gives: the property or item that has it is left out."""

FUNCTIONS = {
    "Ref", "Condition", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::If",
    "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Fn::FindInMap", "Fn::ImportValue",
    "Fn::Base64", "Fn::Cidr", "Fn::GetAZs", "Fn::Length", "Fn::ToJsonString",
}  # fmt: skip

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NotificationARNs": [],
    "AWS::NoValue": ABSENT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": (
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}"
        "/00000000-0000-0000-0000-000000000000"
    ),
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}


def intrinsic(value):
    """The function's name and argument where `value` is one, else `None`."""
    if isinstance(value, dict) and len(value) == 1:
        [(name, argument)] = value.items()
        if name in FUNCTIONS:
            return name, argument
    return None


def text_of(value):
    """A scalar as CloudFormation turns it into text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return json.dumps(value)
    raise Unresolvable(f"{value!r} is no text")


class Resolver:
    """Resolves values of one template.

    `parameters` maps names to values (text, or lists for list types), `exports` names of exports
    to values. `child` and `prefix` are for `Resources`.
    """

    def __init__(self, template, parameters, exports, child=lambda _: None, prefix=""):
        self.mappings = template.get("Mappings") or {}
        self.definitions = template.get("Conditions") or {}
        self.parameters = parameters
        self.exports = exports
        self.resources = Resources(self, template.get("Resources") or {}, child, prefix)
        self._conditions = {}

    def resolve(self, value):
        """`value` with every function in it resolved, absent parts left out."""
        if isinstance(value, dict):
            call = intrinsic(value)
            if call:
                return self._call(*call)
            pairs = ((key, self.resolve(item)) for key, item in value.items())
            return {key: item for key, item in pairs if item is not ABSENT}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not ABSENT]
        return value

    def get(self, properties, name, default=None):
        """A property of a resource, resolved."""
        value = self.resolve((properties or {}).get(name, default))
        return default if value is ABSENT else value

    def text(self, value):
        return text_of(self.resolve(value))

    def items(self, value):
        resolved = self.resolve(value)
        if not isinstance(resolved, list):
            raise Unresolvable(f"{resolved!r} is no list")
        return resolved

    def condition(self, name):
        """Whether the condition of this name is met."""
        if name not in self._conditions:
            if name not in self.definitions:
                raise Unresolvable(f"there is no condition {name}")
            self._conditions[name] = self.truth(self.definitions[name])
        return self._conditions[name]

    def truth(self, value):
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        name, argument = intrinsic(value) or (None, None)
        match name:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                left, right = map(self.resolve, argument)
                scalars = not isinstance(left, (list, dict)) and not isinstance(right, (list, dict))
                return text_of(left) == text_of(right) if scalars else left == right
            case "Fn::Not":
                return not self.truth(argument[0])
            case "Fn::And":
                return all(map(self.truth, argument))
            case "Fn::Or":
                return any(map(self.truth, argument))
            case "Fn::If":
                return self.truth(argument[1 if self.condition(argument[0]) else 2])
        raise Unresolvable(f"{value!r} is no condition")

    def _call(self, name, argument):
        match name:
            case "Ref":
                return self._reference(argument)
            case "Fn::GetAtt":
                if isinstance(argument, str):
                    argument = argument.split(".", 1)
                target, *attribute = map(self.text, argument)
                return self.resources.attribute(target, ".".join(attribute))
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::Join":
                delimiter, items = argument
                return text_of(delimiter).join(map(text_of, self.items(items)))
            case "Fn::Split":
                delimiter, source = argument
                return self.text(source).split(delimiter)
            case "Fn::Select":
                index, items = argument
                return self.items(items)[int(self.text(index))]
            case "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.condition(condition) else no)
            case "Fn::FindInMap":
                return self._find_in_map(argument)
            case "Fn::ImportValue":
                export = self.text(argument)
                if export not in self.exports:
                    raise Unresolvable(f"there is no export {export}")
                return self.exports[export]
            case "Fn::Base64":
                text = self.text(argument)
                if has_generated(text):
                    return Generated.mark("base64")
                return base64.b64encode(text.encode()).decode()
            case "Fn::GetAZs":
                return [f"{self.text(argument) or REGION}{zone}" for zone in "abc"]
            case "Fn::Cidr":
                return self._cidr(*argument)
            case "Fn::Length":
                return len(self.items(argument))
            case "Fn::ToJsonString":
                return json.dumps(
                    self.resolve(argument), ensure_ascii=False, separators=(",", ":")
                )
            case _:
                return self.truth({name: argument})

    def _reference(self, name):
        if name in self.parameters:
            return self.parameters[name]
        if name in PSEUDO:
            return PSEUDO[name]
        return self.resources.reference(name)

    def _substitute(self, argument):
        template, local = argument if isinstance(argument, list) else (argument, {})
        local = {name: self.resolve(value) for name, value in local.items()}

        def replace(match):
            name = match[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in local:
                return text_of(local[name])
            if "." in name and name not in self.parameters:
                return text_of(self.resources.attribute(*name.split(".", 1)))
            return text_of(self._reference(name))

        return re.sub(r"\$\{([^}]*)\}", replace, self.text(template))

    def _find_in_map(self, argument):
        path, default = argument[:3], argument[3:]
        found = self.mappings
        for key in map(self.text, path):
            # YAML reads some keys as numbers.
            found = {text_of(known): value for known, value in found.items()}.get(key)
            if found is None:
                if default:
                    return self.resolve(default[0]["DefaultValue"])
                raise Unresolvable(f"Mappings has no {path}")
        return self.resolve(found)

    def _cidr(self, block, count, bits=None):
        network = ipaddress.ip_network(self.text(block))
        bits = int(self.text(bits)) if bits is not None else 8 if network.version == 4 else 64
        subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
        return [str(next(subnets)) for _ in range(int(self.text(count)))]
