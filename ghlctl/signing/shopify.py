"""Shopify: HMAC-SHA256 with the app secret, base64, over the raw body."""

from ghlctl.signing.shared_secret import SharedSecret, Writing

SHOPIFY = SharedSecret(
    name="shopify",
    signature="X-Shopify-Hmac-Sha256",
    writing=Writing.BASE64,
    id_header="X-Shopify-Webhook-Id",
    weakness="topic, shop and id stand in headers that are not covered; replays verify for ever",
)
