"""What both of Locust's users send: a fresh body and HMAC-SHA256 in each request."""

import hashlib
import hmac
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

PATH = "/webhooks/ghl"
_PAYLOAD = json.loads(Path(os.environ["BENCHMARK_BODY"]).read_bytes())
_KEY = os.environ["BENCHMARK_KEY"].encode()


def fresh() -> tuple[str, dict[str, str]]:
    """A body and its headers."""
    now = datetime.now(UTC)
    _PAYLOAD["webhookId"] = str(uuid.uuid4())
    _PAYLOAD["timestamp"] = now.isoformat(timespec="milliseconds")
    body = json.dumps(_PAYLOAD)
    stamp = str(int(now.timestamp()))
    signature = hmac.new(_KEY, f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Signature": signature,
        "X-Timestamp": stamp,
    }
    return body, headers
