"""Reads a template and turns it into plain CloudFormation, without AWS.

Three steps, in CloudFormation's own order: `AWS::Include` (files beside the template stand for
objects in S3), the language extensions (SAM CLI's code), SAM (aws-sam-translator).
"""

import copy
import json
import logging
import os
import urllib.parse
from pathlib import Path

# The translator and SAM CLI ask for these when they are imported or start.
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
os.environ["SAM_CLI_TELEMETRY"] = "0"

from samcli.lib.cfn_language_extensions.models import PseudoParameterValues
from samcli.lib.cfn_language_extensions.sam_integration import process_template_for_sam_cli
from samcli.yamlhelper import yaml_parse
from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.translator.transform import transform

import loops
from identities import ACCOUNT, REGION
from intrinsics import PSEUDO, Resolver, text_of

# It warns of metrics that nobody asked for.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

SERVERLESS = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
LOCAL_BUCKET = "local"
"""The translator takes code in S3 only: a local path becomes a key of this bucket."""

ELSEWHERE = "https://example.com/template.yaml"
"""The translator would ask the Serverless Application Repository for its applications."""

# Type: properties that are paths of files beside the template.
LOCAL = {
    "AWS::Serverless::Api": ["DefinitionUri"],
    "AWS::Serverless::Function": ["CodeUri"],
    "AWS::Serverless::HttpApi": ["DefinitionUri"],
    "AWS::Serverless::LayerVersion": ["ContentUri"],
    "AWS::Serverless::StateMachine": ["DefinitionUri"],
}
GLOBALS = {"Api": "DefinitionUri", "Function": "CodeUri"}


def read(path):
    """A template or a piece of one."""
    return yaml_parse(Path(path).read_text(encoding="utf-8-sig"))


def side_file(path, suffix):
    """`NAME.SUFFIX.json` beside `NAME.yaml`, or nothing."""
    beside = Path(path).with_suffix(f".{suffix}.json")
    return json.loads(beside.read_text()) if beside.exists() else {}


class Bundled:
    """The managed policies that the translator ships, instead of a call to IAM."""

    @staticmethod
    def load():
        return get_bundled_managed_policy_map("aws") or {}


class Application:
    """A template as plain CloudFormation, with what resolves its values.

    `parameters` are given instead of those beside the template; `prefix` (`Parent/Child/`) is of
    the ids of a nested application.
    """

    def __init__(self, path, parameters=None, prefix=""):
        self.path = Path(path)
        self.prefix = prefix
        self.source = read(path)
        self.values = side_file(path, "values")
        self.exports = self.values.get("exports", {})
        given = side_file(path, "parameters") if parameters is None else parameters
        self.parameters = self._parameters(given, self.values.get("ssm", {}))
        self.children = {}
        self.template = self._transformed()
        self.resolver = Resolver(self.template, self.parameters, self.exports, self.child, prefix)

    def active(self, *kinds):
        """The resources of these types that are created: id, properties."""
        for name, resource in self.template["Resources"].items():
            condition = resource.get("Condition")
            if resource["Type"] in kinds and (not condition or self.resolver.condition(condition)):
                yield name, resource.get("Properties") or {}

    def output(self, name):
        return self.resolver.resolve(self.template["Outputs"][name]["Value"])

    def child(self, name):
        """The nested application of this logical id, or `None` where its template is elsewhere."""
        if name not in self.children:
            properties = self.template["Resources"][name].get("Properties") or {}
            url = self.resolver.get(properties, "TemplateURL", "")
            path = self.path.parent / url
            application = None
            if isinstance(url, str) and "://" not in url and path.is_file():
                parameters = self.resolver.get(properties, "Parameters", {})
                application = Application(path, parameters, f"{self.prefix}{name}/")
            self.children[name] = application
        return self.children[name]

    def _parameters(self, given, ssm):
        """Values by name: lists for list types, else text; SSM's parameters by what they hold."""
        values = {}
        for name, definition in (self.source.get("Parameters") or {}).items():
            kind = definition["Type"]
            value = given.get(name, definition.get("Default"))
            if value is None:
                raise ValueError(f"the parameter {name} has no value")
            if kind.startswith("AWS::SSM::Parameter::Value<"):
                if value not in ssm:
                    raise ValueError(f"nothing is known of the SSM parameter {value}")
                value = ssm[value]
                kind = kind.removeprefix("AWS::SSM::Parameter::Value<").removesuffix(">")
            if kind == "CommaDelimitedList" or kind.startswith("List<"):
                items = value if isinstance(value, list) else text_of(value).split(",")
                values[name] = [text_of(item).strip() for item in items]
            else:
                values[name] = text_of(value)
        return values

    def _transformed(self):
        before = Resolver(self.source, self.parameters, self.exports)
        template = self._include(copy.deepcopy(self.source), before)
        transforms = template.pop("Transform", [])
        transforms = transforms if isinstance(transforms, list) else [transforms]
        if LANGUAGE_EXTENSIONS in transforms:
            template["Transform"] = transforms
            pseudo = PseudoParameterValues(
                region=REGION,
                account_id=ACCOUNT,
                partition="aws",
                stack_name=PSEUDO["AWS::StackName"],
                stack_id=PSEUDO["AWS::StackId"],
                url_suffix=PSEUDO["AWS::URLSuffix"],
            )
            template = process_template_for_sam_cli(template, self.parameters, pseudo)
            template.pop("Transform", None)
            template = loops.expand(template, before)
        if SERVERLESS in transforms:
            template["Transform"] = SERVERLESS
            self._hide_local_paths(template, before)
            template = transform(template, self._translator_values(), Bundled())
            template.pop("Transform", None)
        return json.loads(json.dumps(template))

    def _translator_values(self):
        """Parameters as the translator takes them: numbers as numbers."""
        values = dict(self.parameters)
        for name, definition in (self.source.get("Parameters") or {}).items():
            if definition["Type"] == "Number" and values[name].lstrip("-").isdigit():
                values[name] = int(values[name])
        return values

    def _include(self, value, resolver):
        """`value` with the files of every `AWS::Include` in their places."""
        if isinstance(value, list):
            return [self._include(item, resolver) for item in value]
        if not isinstance(value, dict):
            return value
        result = {}
        for key, item in value.items():
            if key == "Fn::Transform" and item.get("Name") == "AWS::Include":
                result.update(self._included(item, resolver))
            elif key == "Transform":
                rest = []
                for entry in item if isinstance(item, list) else [item]:
                    if isinstance(entry, dict) and entry.get("Name") == "AWS::Include":
                        result.update(self._included(entry, resolver))
                    else:
                        rest.append(entry)
                result[key] = rest
            else:
                result[key] = self._include(item, resolver)
        return result

    def _included(self, include, resolver):
        location = resolver.text(include["Parameters"]["Location"])
        return self._include(read(self.path.parent / location), resolver)

    @staticmethod
    def _hide_local_paths(template, resolver):
        sections = template.get("Globals") or {}
        for name, key in GLOBALS.items():
            if key in (sections.get(name) or {}):
                sections[name][key] = hidden(sections[name][key], resolver)
        default = "CodeUri" in (sections.get("Function") or {})
        for resource in template["Resources"].values():
            properties = resource.setdefault("Properties", {})
            for key in LOCAL.get(resource["Type"], []):
                if key in properties:
                    properties[key] = hidden(properties[key], resolver)
            location = properties.get("Location")
            if resource["Type"] == "AWS::Serverless::Application" and isinstance(location, dict):
                properties["Location"] = ELSEWHERE
            if resource["Type"] == "AWS::Serverless::Function":
                ignored = resource.get("IgnoreGlobals", [])
                ignores = ignored == "*" or "CodeUri" in ignored
                missing = not {"CodeUri", "InlineCode", "ImageUri"} & properties.keys()
                if properties.get("PackageType") == "Image":
                    properties.setdefault("ImageUri", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x")
                elif missing and (not default or ignores):
                    properties["CodeUri"] = hidden(".", resolver)


def hidden(value, resolver):
    """A local path as an object in S3; anything else as it is."""
    if isinstance(value, dict) and "Key" not in value:
        value = resolver.resolve(value)
    if isinstance(value, str) and not value.startswith("s3://"):
        return f"s3://{LOCAL_BUCKET}/{urllib.parse.quote(value, safe='')}"
    return value


def local_path(bucket, key):
    """The path that stood in the template before it was hidden, or `None`."""
    return urllib.parse.unquote(key) if bucket == LOCAL_BUCKET else None
