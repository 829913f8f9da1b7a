"""A request of an audit as a line that a person can paste into a shell."""

import shlex

from ghlctl.model.finding import Exchange
from ghlctl.report import evidence

_LONGEST = 4000
_WRITTEN_BY_CURL = frozenset({"host", "content-length", "accept-encoding", "user-agent", "accept"})
_HIDDEN = ("[secret]", "(hidden)")


def by_hand(exchange: Exchange) -> str:
    """One line, "" for what a shell cannot hold: bare conversations, cut or binary bodies.

    What was signed genuinely is signed anew by ghlctl sign, because a signature goes stale; every
    other header stands as it was sent.
    """
    shown = evidence.masked(exchange)
    whole = len(shown.body.encode("utf-8", "surrogatepass")) == shown.body_bytes
    if shown.method == "RAW" or not whole or not shown.body.isprintable():
        return ""
    if any(hidden in value for hidden in _HIDDEN for _, value in shown.headers):
        return ""
    line = _signed(shown) if shown.signed else _plain(shown)
    return line if len(line) <= _LONGEST else ""


def _signed(shown: Exchange) -> str:
    body = shlex.quote(shown.body)
    return (
        f"printf %s {body} > body.json; ghlctl sign body.json | "
        f"curl -si -X {shlex.quote(shown.method)} -H @- --data-binary @body.json "
        f"{shlex.quote(shown.url)}"
    )


def _plain(shown: Exchange) -> str:
    headers = " ".join(
        f"-H {shlex.quote(f'{name}: {value}')}"
        for name, value in shown.headers
        if name.lower() not in _WRITTEN_BY_CURL
    )
    return (
        f"curl -si -X {shlex.quote(shown.method)} {headers} "
        f"--data-binary {shlex.quote(shown.body)} {shlex.quote(shown.url)}"
    )
