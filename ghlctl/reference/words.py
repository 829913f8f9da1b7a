"""Text that people wrote, made safe to keep without changing what they said.

Nothing that prints is taken out: `O'Brien & Sons <3` is a name, and whoever shows it encodes it for
the place where it is shown. HTML is cleaned where HTML is meant, and nowhere else.
"""

import re
from dataclasses import replace
from typing import Any

import nh3

from ghlctl.reference.incoming import Lead

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ADDRESSES = {"http", "https", "mailto", "tel"}
_HTML = "text/html"
_MAIL = "email"
_NOTE = "Note"


def plain(text: str) -> str:
    """Without control characters, which no one typed; tab and line ends are text."""
    return _CONTROLS.sub("", text)


def plain_lead(lead: Lead) -> Lead:
    return replace(
        lead,
        email=plain(lead.email),
        phone=plain(lead.phone),
        company=plain(lead.company),
        website=plain(lead.website),
        source=plain(lead.source),
        city=plain(lead.city),
        tags=tuple(map(plain, lead.tags)),
    )


def body_text(text: str, event_type: str, about: dict[str, Any]) -> str:
    """The body of a message, note or task: cleaned HTML where it is HTML, else plain text."""
    return (
        nh3.clean(plain(text), url_schemes=_ADDRESSES)
        if _is_html(text, event_type, about)
        else plain(text)
    )


def _is_html(text: str, event_type: str, about: dict[str, Any]) -> bool:
    """A message says what it is. A note does not: only one that has tags is no plain text."""
    said = str(about.get("contentType") or "").lower()
    if said:
        return said.startswith(_HTML)
    if str(about.get("messageType") or "").lower() == _MAIL:
        return True
    return event_type.startswith(_NOTE) and nh3.is_html(text)
