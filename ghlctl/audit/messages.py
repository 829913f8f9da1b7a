"""Which calls upstream speak to a person, and over which channel. Pure."""

import json
import re

from ghlctl.model.effect import LedgerEntry

_SPEAKS = re.compile(
    r"/(?:conversations/messages|messages|sms|emails?|mail/send|send[\w-]*|calls|whatsapp)/?"
    r"|.*/(?:campaigns|workflow)/[^/]+/?"
    r"|.*/(?:messages|sms|send[\w-]*)/?",
    re.IGNORECASE,
)
_CHANNELS = ("SMS", "Email", "WhatsApp", "GMB", "FB", "Call")
_SPELT = {one.casefold(): one for one in _CHANNELS}


def speaks(line: LedgerEntry) -> bool:
    """Sending a message, or putting a contact into what sends some."""
    path = line.path.partition("?")[0]
    return line.method.upper() in ("POST", "PUT") and _SPEAKS.fullmatch(path) is not None


def channel_of(line: LedgerEntry) -> str:
    """As `dndSettings` names it; "" where nothing tells."""
    try:
        body = json.loads(line.body)
    except ValueError:
        body = None
    told = [body.get(name) for name in ("type", "channel")] if isinstance(body, dict) else []
    told += re.split(r"[/?_-]", line.path)
    names = (str(one).casefold() for one in told if isinstance(one, str))
    return next((_SPELT[name] for name in names if name in _SPELT), "")
