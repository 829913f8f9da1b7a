"""The peer: Locust's FastHttpUser, a fresh body and HMAC-SHA256 in each request (a locustfile)."""

import hashlib
import hmac
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from locust import FastHttpUser, task

PATH = "/webhooks/ghl"
_PAYLOAD = json.loads(Path(os.environ["BENCHMARK_BODY"]).read_bytes())
_KEY = os.environ["BENCHMARK_KEY"].encode()


class Sender(FastHttpUser):
    @task
    def send(self) -> None:
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
        self.client.post(PATH, data=body, headers=headers)
