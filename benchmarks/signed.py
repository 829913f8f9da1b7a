"""Signed requests for a generator that cannot sign: `python -m benchmarks.signed URL COUNT`.

One JSON object per line, as vegeta reads its targets; their timestamps are those of this moment.
"""

import base64
import json
import os
import sys
import time
from itertools import islice
from pathlib import Path

from ghlctl.load.identity import delivery_ids
from ghlctl.model.delivery import Event
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.signing.catalogue import scheme_named


def main(url: str, count: str) -> None:
    scheme, provider = scheme_named("hmac-timestamp"), provider_named("ghl")
    key = scheme.read_signing_key(os.environ["BENCHMARK_KEY"].encode())
    payload = json.loads(Path(os.environ["BENCHMARK_BODY"]).read_bytes())
    for name in islice(delivery_ids(), int(count)):
        now, text = time.time(), name.decode()
        changed = {**payload, "timestamp": provider.moment(now), "webhookId": text}
        body = encode(Event(payload["type"], now, changed))
        header = {"Content-Type": ["application/json"]}
        header |= {
            name: [value] for name, value in scheme.sign(body, key, at=now, delivery_id=text)
        }
        target = {
            "method": "POST",
            "url": url,
            "header": header,
            "body": base64.b64encode(body).decode(),
        }
        sys.stdout.write(json.dumps(target) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
