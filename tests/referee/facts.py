"""What a plain CloudFormation template says about functions and what calls them.

Facts speak of resources by logical ids (`Child/Function` in nested applications). A value that
rests on an id which no convention says is `{"incomparable": true}`.
"""

import json

import dynamic
import routes
from application import local_path
from identities import FUNCTION, QUEUE, has_generated
from intrinsics import text_of
from targets import Targets

INCOMPARABLE = {"incomparable": True}


def of(application):
    """All facts of an application and its nested ones."""
    targets = Targets(application)
    facts = {}
    for part in parts(application):
        for name, entries in Facts(part, targets).all().items():
            facts.setdefault(name, []).extend(entries)
    resolver = application.resolver
    facts["outputs"] = {
        name: comparable(resolver.resolve(output["Value"]))
        for name, output in (application.template.get("Outputs") or {}).items()
        if "Condition" not in output or resolver.condition(output["Condition"])
    }
    return facts


def parts(application):
    """The application and every nested one."""
    yield application
    for name, _ in application.active("AWS::CloudFormation::Stack"):
        child = application.child(name)
        if child:
            yield from parts(child)


def comparable(value):
    """A value as facts show it."""
    return INCOMPARABLE if has_generated(value) else value


def strings(value):
    """A value with its numbers and truths as text, as APIs of text attributes take them."""
    if isinstance(value, dict):
        return {key: strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strings(item) for item in value]
    return text_of(value)


def present(entry):
    """An entry without what is not known, comparable."""
    return {key: comparable(value) for key, value in entry.items() if value is not None}


class Facts:
    """The facts of one template."""

    def __init__(self, application, targets):
        self.application = application
        self.prefix = application.prefix
        self.targets = targets
        self.get = application.resolver.get

    def all(self):
        readers = {
            "functions": (self.function, [FUNCTION]),
            "event_source_mappings": (self.mapping, ["AWS::Lambda::EventSourceMapping"]),
            "rules": (self.rule, ["AWS::Events::Rule"]),
            "schedules": (self.schedule, ["AWS::Scheduler::Schedule"]),
            "queues": (self.queue, [QUEUE]),
            "function_urls": (self.url, ["AWS::Lambda::Url"]),
            "invoke_configs": (self.invoke_config, ["AWS::Lambda::EventInvokeConfig"]),
            "subscriptions": (self.subscription, ["AWS::SNS::Subscription"]),
        }
        facts = {
            name: [present(reader(id, properties)) for id, properties in self.resources(*kinds)]
            for name, (reader, kinds) in readers.items()
        }
        facts["subscriptions"] += map(present, self.topic_subscriptions())
        facts["other_triggers"] = [present(trigger) for trigger in self.other_triggers()]
        apis, found = routes.of(self.application, self.targets)
        return facts | {"apis": list(map(present, apis)), "routes": found}

    def resources(self, *kinds):
        for name, properties in self.application.active(*kinds):
            yield self.prefix + name, properties

    def function(self, name, properties):
        get = self.get
        code = get(properties, "Code", {})
        provisioned = self.provisioned(name)
        return {
            "id": name,
            "name": self.application.resolver.resources.name(name.removeprefix(self.prefix)),
            "package_type": get(properties, "PackageType", "Zip"),
            "runtime": get(properties, "Runtime"),
            "handler": get(properties, "Handler"),
            "code": code if isinstance(code, str) else self.code(code),
            "memory_mb": int(get(properties, "MemorySize", 128)),
            "timeout_s": int(get(properties, "Timeout", 3)),
            "ephemeral_storage_mb": int(get(properties, "EphemeralStorage", {}).get("Size", 512)),
            "environment": {
                key: comparable(dynamic.substitute(text_of(value), self.application.values))
                for key, value in get(properties, "Environment", {}).get("Variables", {}).items()
            },
            "reserved_concurrency": whole(get(properties, "ReservedConcurrentExecutions")),
            "provisioned_concurrency": whole(provisioned),
            "layers": len(get(properties, "Layers", [])),
            "architectures": get(properties, "Architectures", ["x86_64"]),
            "tracing": get(properties, "TracingConfig", {}).get("Mode"),
            "log_format": get(properties, "LoggingConfig", {}).get("LogFormat"),
            "log_group": get(properties, "LoggingConfig", {}).get("LogGroup"),
            "dead_letters": self.targets.arn(
                get(properties, "DeadLetterConfig", {}).get("TargetArn")
            ),
            "in_vpc": bool(get(properties, "VpcConfig")) or None,
        }

    @staticmethod
    def code(code):
        """`PATH`, `inline`, `s3` or `image`."""
        if "ZipFile" in code:
            return "inline"
        if "ImageUri" in code:
            return "image"
        return local_path(code.get("S3Bucket"), code.get("S3Key")) or "s3"

    def provisioned(self, function):
        """The provisioned concurrency of a version or alias of the function."""
        for _, properties in self.resources("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            config = self.get(properties, "ProvisionedConcurrencyConfig")
            target = self.get(properties, "FunctionName")
            if config and self.targets.function(target)[0] == function:
                return config["ProvisionedConcurrentExecutions"]
        return None

    def mapping(self, name, properties):
        get = self.get
        function, qualifier = self.targets.function(get(properties, "FunctionName"))
        on_failure = get(properties, "DestinationConfig", {}).get("OnFailure", {})
        own = get(properties, "SelfManagedEventSource", {}).get("Endpoints", {})
        return {
            "id": name,
            "function": function,
            "qualifier": qualifier,
            "source": self.targets.arn(get(properties, "EventSourceArn")),
            "bootstrap_servers": own.get("KafkaBootstrapServers"),
            "batch_size": whole(get(properties, "BatchSize")),
            "batch_window_s": whole(get(properties, "MaximumBatchingWindowInSeconds")),
            "enabled": truth(get(properties, "Enabled", True)),
            "response_types": get(properties, "FunctionResponseTypes"),
            "maximum_concurrency": whole(
                get(properties, "ScalingConfig", {}).get("MaximumConcurrency")
            ),
            "filters": [
                json.loads(entry["Pattern"])
                for entry in get(properties, "FilterCriteria", {}).get("Filters", [])
            ],
            "on_failure": self.targets.arn(on_failure.get("Destination")),
            "starting_position": get(properties, "StartingPosition"),
            "maximum_retries": whole(get(properties, "MaximumRetryAttempts")),
            "maximum_record_age_s": whole(get(properties, "MaximumRecordAgeInSeconds")),
            "bisect": get(properties, "BisectBatchOnFunctionError"),
            "parallelization": whole(get(properties, "ParallelizationFactor")),
            "tumbling_window_s": whole(get(properties, "TumblingWindowInSeconds")),
            "topics": get(properties, "Topics"),
            "queues": get(properties, "Queues"),
        }

    def rule(self, name, properties):
        get = self.get
        return {
            "id": name,
            "name": get(properties, "Name"),
            "schedule": get(properties, "ScheduleExpression"),
            "pattern": get(properties, "EventPattern"),
            "bus": get(properties, "EventBusName"),
            "enabled": get(properties, "State", "ENABLED") == "ENABLED",
            "targets": [
                present(
                    {
                        "target": self.targets.arn(target["Arn"]),
                        "group": target.get("SqsParameters", {}).get("MessageGroupId"),
                        "input": target.get("Input"),
                        "input_path": target.get("InputPath"),
                        "input_transformer": target.get("InputTransformer"),
                        "dead_letters": self.targets.arn(
                            target.get("DeadLetterConfig", {}).get("Arn")
                        ),
                        "retry_policy": target.get("RetryPolicy"),
                    }
                )
                for target in get(properties, "Targets", [])
            ],
        }

    def schedule(self, name, properties):
        get = self.get
        target = get(properties, "Target")
        window = get(properties, "FlexibleTimeWindow", {})
        return {
            "id": name,
            "name": get(properties, "Name"),
            "group": get(properties, "GroupName"),
            "schedule": get(properties, "ScheduleExpression"),
            "timezone": get(properties, "ScheduleExpressionTimezone"),
            "start": get(properties, "StartDate"),
            "end": get(properties, "EndDate"),
            "window_min": whole(window.get("MaximumWindowInMinutes")),
            "enabled": get(properties, "State", "ENABLED") == "ENABLED",
            "target": self.targets.arn(target["Arn"]),
            "group": target.get("SqsParameters", {}).get("MessageGroupId"),
            "input": target.get("Input"),
            "dead_letters": self.targets.arn(target.get("DeadLetterConfig", {}).get("Arn")),
            "retry_policy": target.get("RetryPolicy"),
        }

    def queue(self, name, properties):
        attributes = {}
        for key in properties:
            value = self.get(properties, key)
            if value is not None and key not in ("QueueName", "Tags"):
                attributes[key] = comparable(strings(value))
        redrive = self.get(properties, "RedrivePolicy", {})
        return {
            "id": name,
            "name": self.application.resolver.resources.name(name.removeprefix(self.prefix)),
            "attributes": attributes,
            "dead_letters": self.targets.arn(redrive.get("deadLetterTargetArn")),
            "max_receives": whole(redrive.get("maxReceiveCount")),
        }

    def url(self, name, properties):
        function, qualifier = self.targets.function(self.get(properties, "TargetFunctionArn"))
        return {
            "id": name,
            "function": function,
            "qualifier": qualifier or self.get(properties, "Qualifier"),
            "auth": self.get(properties, "AuthType"),
            "invoke_mode": self.get(properties, "InvokeMode", "BUFFERED"),
            "cors": self.get(properties, "Cors"),
        }

    def invoke_config(self, name, properties):
        get = self.get
        destinations = get(properties, "DestinationConfig", {})
        return {
            "id": name,
            "function": self.targets.function(get(properties, "FunctionName"))[0],
            "qualifier": get(properties, "Qualifier"),
            "maximum_retries": whole(get(properties, "MaximumRetryAttempts")),
            "maximum_event_age_s": whole(get(properties, "MaximumEventAgeInSeconds")),
            "on_success": self.targets.arn(destinations.get("OnSuccess", {}).get("Destination")),
            "on_failure": self.targets.arn(destinations.get("OnFailure", {}).get("Destination")),
        }

    def subscription(self, name, properties):
        get = self.get
        return {
            "id": name,
            "topic": self.targets.arn(get(properties, "TopicArn")),
            "protocol": get(properties, "Protocol"),
            "endpoint": self.targets.arn(get(properties, "Endpoint")),
            "filter": get(properties, "FilterPolicy"),
            "filter_scope": get(properties, "FilterPolicyScope"),
            "raw": get(properties, "RawMessageDelivery"),
            "dead_letters": self.targets.arn(
                get(properties, "RedrivePolicy", {}).get("deadLetterTargetArn")
            ),
        }

    def topic_subscriptions(self):
        for name, properties in self.resources("AWS::SNS::Topic"):
            for entry in self.get(properties, "Subscription", []):
                yield {
                    "topic": name,
                    "protocol": entry["Protocol"],
                    "endpoint": self.targets.arn(entry["Endpoint"]),
                }

    def other_triggers(self):
        """What calls functions and is none of the above."""
        for name, properties in self.resources("AWS::S3::Bucket"):
            notifications = self.get(properties, "NotificationConfiguration", {})
            for entry in notifications.get("LambdaConfigurations", []):
                yield {
                    "kind": "s3",
                    "source": name,
                    "function": self.targets.function(entry["Function"])[0],
                    "event": entry["Event"],
                    "filter": entry.get("Filter"),
                }
        for name, properties in self.resources("AWS::Cognito::UserPool"):
            for trigger, target in self.get(properties, "LambdaConfig", {}).items():
                function = self.targets.function(target)[0]
                yield {"kind": "cognito", "source": name, "function": function, "event": trigger}
        for _, properties in self.resources("AWS::IoT::TopicRule"):
            payload = self.get(properties, "TopicRulePayload")
            for action in payload["Actions"]:
                function = self.targets.function(action["Lambda"]["FunctionArn"])[0]
                yield {"kind": "iot", "function": function, "sql": payload["Sql"]}
        for _, properties in self.resources("AWS::Logs::SubscriptionFilter"):
            yield {
                "kind": "logs",
                "source": self.get(properties, "LogGroupName"),
                "function": self.targets.function(self.get(properties, "DestinationArn"))[0],
                "filter": self.get(properties, "FilterPattern"),
            }
        for _, properties in self.resources("AWS::Lambda::Permission"):
            if self.get(properties, "Principal") == "alexa-appkit.amazon.com":
                yield {
                    "kind": "alexa",
                    "source": self.get(properties, "EventSourceToken"),
                    "function": self.targets.function(self.get(properties, "FunctionName"))[0],
                }


def whole(value):
    return None if value is None else int(value)


def truth(value):
    return value if isinstance(value, bool) else str(value).lower() == "true"
