"""What the receiver's address offers beside its webhook, and over which TLS."""

from ghlctl.audit.checks import network_address, network_headers, network_requests, network_tls
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *network_tls.CHECKS,
    *network_address.CHECKS,
    *network_headers.CHECKS,
    *network_requests.CHECKS,
)
