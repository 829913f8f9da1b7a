"""GitHub: HMAC-SHA256, hex after `sha256=`, over the raw body."""

from ghlctl.signing.shared_secret import SharedSecret

GITHUB = SharedSecret(
    name="github",
    signature="X-Hub-Signature-256",
    prefix="sha256=",
    id_header="X-GitHub-Delivery",
    weakness="neither time nor id is covered: a replay under another X-GitHub-Delivery verifies",
)
