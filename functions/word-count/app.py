"""Counts the words of a text that is posted."""

import base64
import json
import re
from collections import Counter

WORD = re.compile(r"\w+(?:['’]\w+)*")
MOST_FREQUENT = 3


def handler(event, _context):
    """An API Gateway event (payload format 2.0) with text as its body."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", errors="replace")
    words = WORD.findall(body.lower())
    counts = Counter(words)
    print(f"counted {len(words)} words")
    return answer({
        "words": len(words),
        "distinct": len(counts),
        "mostFrequent": dict(counts.most_common(MOST_FREQUENT)),
    })


def answer(content):
    """A response of API Gateway with a JSON body."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(content, ensure_ascii=False),
    }
