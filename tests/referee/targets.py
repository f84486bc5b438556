"""From ARNs and names back to the resources that have them."""

import re

from identities import FUNCTION, NAMED, Generated


class Targets:
    """The named resources of an application and its nested ones."""

    FUNCTION_ARN = re.compile(r":function:([^:/]+)(?::([^:/]+))?")

    def __init__(self, application):
        self._arns = {}
        self._functions = {}
        self._add(application)

    def _add(self, application):
        resources, prefix = application.resolver.resources, application.prefix
        for name, _ in application.active(*NAMED):
            self._arns[resources.arn(name)] = prefix + name
        for name, _ in application.active(FUNCTION):
            self._functions[resources.name(name)] = prefix + name
        for name, _ in application.active("AWS::CloudFormation::Stack"):
            child = application.child(name)
            if child:
                self._add(child)

    def function(self, text):
        """The logical id and the qualifier in a function's name, ARN or integration URI. A
        function of elsewhere keeps its name; what names no function gives `None`."""
        if text is None:
            return None, None
        match = self.FUNCTION_ARN.search(text)
        name, qualifier = match.groups() if match else (text, None)
        if not match and (":" in text or "/" in text):
            return None, None
        return self._functions.get(name, name), qualifier

    def arn(self, text):
        """The logical id of what has this ARN, or whose generated id is in it; else the text."""
        if text is None or text in self._arns:
            return self._arns.get(text)
        function, _ = self.function(text) if ":function:" in text else (None, None)
        if function:
            return function
        owners = Generated.owners(text)
        return owners[0] if owners else text
