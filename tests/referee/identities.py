"""What `Ref` and `Fn::GetAtt` of resources give, by Samovar's conventions for names and places.

Source: AWS CloudFormation template reference guide, "Return values" of each resource type, and
"Actions, resources, and condition keys" of the service authorization reference for ARNs.
Where AWS makes a name up, the logical id is the name. Where AWS makes an id up that no convention
says, the value is generated: it keeps its place in texts, and facts show it as incomparable.
"""

import re

ACCOUNT = "000000000000"
REGION = "us-east-1"
ENDPOINT = "http://127.0.0.1:9000"

FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"


class Unresolvable(Exception):
    """A value that the template does not define."""


class Generated:
    """Marks of generated values within texts: ids between two private characters.

    A mark may be a name within an ARN, where a slash would end it: it has a dot in its place.
    """

    PATTERN = re.compile("\ue000([^\ue001]*)\ue001")

    @staticmethod
    def mark(owner):
        return f"\ue000{owner.replace('/', '.')}\ue001"

    @staticmethod
    def owners(text):
        return [owner.replace(".", "/") for owner in Generated.PATTERN.findall(text)]


def has_generated(value):
    """Whether something in `value` is generated."""
    if isinstance(value, dict):
        return any(map(has_generated, value.values()))
    if isinstance(value, list):
        return any(map(has_generated, value))
    return isinstance(value, str) and bool(Generated.PATTERN.search(value))


# Type: property of the name, what Ref gives, ARN, further attributes.
NAMED = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "name", "cloudwatch:{r}:{a}:alarm:{n}", {}),
    "AWS::DynamoDB::GlobalTable": ("TableName", "name", "dynamodb:{r}:{a}:table/{n}", {}),
    "AWS::DynamoDB::Table": ("TableName", "name", "dynamodb:{r}:{a}:table/{n}", {}),
    "AWS::Events::EventBus": ("Name", "name", "events:{r}:{a}:event-bus/{n}", {"Name": "name"}),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "arn", "iam::{a}:policy{p}{n}", {}),
    "AWS::IAM::Role": ("RoleName", "name", "iam::{a}:role{p}{n}", {}),
    "AWS::IAM::User": ("UserName", "name", "iam::{a}:user{p}{n}", {}),
    "AWS::Kinesis::Stream": ("Name", "name", "kinesis:{r}:{a}:stream/{n}", {}),
    "AWS::Lambda::LayerVersion": (
        "LayerName",
        "arn",
        "lambda:{r}:{a}:layer:{n}:1",
        {"LayerVersionArn": "arn"},
    ),
    "AWS::Logs::LogGroup": ("LogGroupName", "name", "logs:{r}:{a}:log-group:{n}:*", {}),
    "AWS::S3::Bucket": ("BucketName", "name", "s3:::{n}", {}),
    "AWS::SNS::Topic": (
        "TopicName",
        "arn",
        "sns:{r}:{a}:{n}",
        {"TopicArn": "arn", "TopicName": "name"},
    ),
    "AWS::SSM::Parameter": ("Name", "name", "ssm:{r}:{a}:parameter/{n}", {}),
    "AWS::Scheduler::ScheduleGroup": ("Name", "name", "scheduler:{r}:{a}:schedule-group/{n}", {}),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "arn",
        "states:{r}:{a}:stateMachine:{n}",
        {"Name": "name"},
    ),
    FUNCTION: ("FunctionName", "name", "lambda:{r}:{a}:function:{n}", {}),
    QUEUE: ("QueueName", "url", "sqs:{r}:{a}:{n}", {"QueueName": "name", "QueueUrl": "url"}),
}


class Resources:
    """The resources of one template, as the functions that refer to them see them."""

    def __init__(self, resolver, resources, child, prefix):
        """`child(id)` gives the application of a nested stack, `None` where it is elsewhere;
        `prefix` is of the ids where these resources are themselves of a nested stack."""
        self.resolver = resolver
        self.resources = resources
        self.child = child
        self.prefix = prefix

    def resource(self, name):
        if name not in self.resources:
            raise Unresolvable(f"there is no parameter or resource {name}")
        resource = self.resources[name]
        condition = resource.get("Condition")
        if condition and not self.resolver.condition(condition):
            raise Unresolvable(f"{name} is not created: its condition {condition} is not met")
        return resource["Type"], resource.get("Properties") or {}

    def name(self, name):
        """The physical name of a resource."""
        kind, properties = self.resource(name)
        written = self.resolver.get(properties, NAMED[kind][0]) if kind in NAMED else None
        if written is not None:
            return str(written)
        # Which name a resource in a nested stack has, no convention says.
        made = self.generated(name) if self.prefix else name
        if kind == "AWS::S3::Bucket" and not self.prefix:
            return name.lower()
        if kind == QUEUE and str(self.resolver.get(properties, "FifoQueue")).lower() == "true":
            return f"{made}.fifo"
        return made

    def generated(self, name):
        """A value that AWS makes up for a resource."""
        return Generated.mark(self.prefix + name)

    def arn(self, name):
        """The ARN of a resource, or `None` where the type is not known to have one."""
        kind, properties = self.resource(name)
        if kind not in NAMED:
            return None
        path = self.resolver.get(properties, "Path", "/")
        form = NAMED[kind][2].format(r=REGION, a=ACCOUNT, n=self.name(name), p=path)
        return f"arn:aws:{form}"

    def reference(self, name):
        kind, properties = self.resource(name)
        match kind:
            case "AWS::Lambda::Version":
                return self._function(properties["FunctionName"]) + ":1"
            case "AWS::Lambda::Alias":
                alias = self.resolver.text(properties["Name"])
                return self._function(properties["FunctionName"]) + f":{alias}"
            case "AWS::Lambda::Url":
                return self._function(properties["TargetFunctionArn"])
            case "AWS::ApiGateway::Stage" | "AWS::ApiGatewayV2::Stage":
                return self.resolver.text(properties["StageName"])
            case "AWS::Events::Rule":
                return self.resolver.get(properties, "Name", name)
        if kind in NAMED:
            return self._form(name, NAMED[kind][1])
        return self.generated(name)

    def attribute(self, name, attribute):
        kind, properties = self.resource(name)
        if kind == "AWS::CloudFormation::Stack" and attribute.startswith("Outputs."):
            application = self.child(name)
            if application is None:
                return self.generated(name)
            return application.output(attribute.removeprefix("Outputs."))
        match kind, attribute:
            case "AWS::Lambda::Version", "Version":
                return "1"
            case "AWS::Lambda::Url", "FunctionArn":
                return self._function(properties["TargetFunctionArn"])
            case "AWS::S3::Bucket", "DomainName":
                return f"{self.name(name)}.s3.amazonaws.com"
            case "AWS::SSM::Parameter", "Value" | "Type":
                return self.resolver.text(properties[attribute])
            case "AWS::EC2::VPC", "CidrBlock":
                return self.resolver.text(properties[attribute])
            case "AWS::Events::Rule", "Arn":
                bus = self.resolver.get(properties, "EventBusName", "default").rsplit("/", 1)[-1]
                rule = self.reference(name)
                path = rule if bus == "default" else f"{bus}/{rule}"
                return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{path}"
        if kind in NAMED:
            if attribute == "Arn":
                return self.arn(name)
            if attribute in NAMED[kind][3]:
                return self._form(name, NAMED[kind][3][attribute])
        return self.generated(name)

    def _form(self, name, form):
        match form:
            case "name":
                return self.name(name)
            case "arn":
                return self.arn(name)
            case _:
                return f"{ENDPOINT}/{ACCOUNT}/{self.name(name)}"

    def _function(self, value):
        """The ARN of a function that is given by name or ARN."""
        function = self.resolver.text(value)
        if function.startswith("arn:"):
            return function
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
