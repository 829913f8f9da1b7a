"""Meta (Facebook, Instagram, WhatsApp): HMAC-SHA256 with the app secret, as GitHub writes it."""

from ghlctl.signing.shared_secret import SharedSecret

META = SharedSecret(
    name="meta",
    signature="X-Hub-Signature-256",
    prefix="sha256=",
    weakness="neither time nor id; one app secret for every page that uses the app",
)
