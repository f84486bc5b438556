#!/usr/bin/env python3
"""The referee of the template tests: what AWS's own code makes of a template.

    python tests/referee/transform.py TEMPLATE...
    python tests/referee/transform.py --all

For each template one line of JSON on standard output:

    {"template": PATH, "transformed": CLOUDFORMATION, "facts": FACTS}
    {"template": PATH, "error": TEXT}

It needs aws-sam-cli (with aws-sam-translator) and neither network nor account.
`NAME.parameters.json` beside `NAME.yaml` gives values of parameters; `NAME.values.json` gives what
is outside of the template: `{"exports": {NAME: VALUE}, "ssm": {NAME: VALUE}, "secrets": {NAME:
VALUE}}`. The exit status is 1 where a template failed.
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import facts
from application import Application, read

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def templates():
    """Every template of the corpus: what has resources."""
    for path in sorted(TEMPLATES.rglob("*")):
        if path.suffix in (".yaml", ".json") and path.name.count(".") == 1:
            content = read(path)
            if isinstance(content, dict) and "Resources" in content:
                yield path


def referee(path):
    application = Application(path)
    return {
        "template": str(path),
        "transformed": application.template,
        "facts": facts.of(application),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("templates", nargs="*", type=Path, metavar="TEMPLATE")
    parser.add_argument("--all", action="store_true", help="every template of tests/templates")
    parser.add_argument("--facts", action="store_true", help="without the transformed template")
    parser.add_argument("--traceback", action="store_true", help="stop at the first failure")
    arguments = parser.parse_args()
    paths = list(templates()) if arguments.all else arguments.templates
    if not paths:
        parser.error("no template: name some, or give --all")
    failed = 0
    for path in paths:
        try:
            result = referee(path)
        # Whatever the translator raises is its verdict on the template.
        except Exception as error:
            if arguments.traceback:
                raise
            failed += 1
            causes = getattr(error, "causes", None) or [error]
            text = "; ".join(f"{getattr(cause, 'message', cause)}" for cause in causes)
            result = {"template": str(path), "error": text or type(error).__name__}
            print(f"{path}: {result['error']}", file=sys.stderr)
        if arguments.facts:
            result.pop("transformed", None)
        print(json.dumps(result, ensure_ascii=False))
    print(f"{len(paths)} templates, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
