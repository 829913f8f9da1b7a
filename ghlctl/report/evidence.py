"""The exchanges of a check as text: as received, cut, and without credentials."""

import re

import msgspec

from ghlctl.model.finding import Exchange, Finding, Outcome
from ghlctl.model.visible import visible
from ghlctl.report import numbers
from ghlctl.report.visible import BODY_LIMIT, cut, one_line

SHOWN_EXCHANGES = 8
SHOWN_EFFECTS = 20
_HIDDEN = "(hidden)"
_UNSEEN = "effects not seen (no upstream)"
_CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
)
_USERINFO = re.compile(r"(?<=://)[^/?#\s@]*@")


def explained(finding: Finding) -> bool:
    """Whether a finding needs more than its line in the table."""
    settled = {Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.SKIP, Outcome.INFORMATIVE}
    return finding.outcome not in settled


def masked(exchange: Exchange) -> Exchange:
    """The same exchange without the values that grant access."""
    return msgspec.structs.replace(
        exchange,
        url=_USERINFO.sub(f"{_HIDDEN}@", exchange.url),
        headers=_masked(exchange.headers),
        reply_headers=_masked(exchange.reply_headers),
    )


def request_text(exchange: Exchange) -> str:
    """Request line, headers and body."""
    shown = masked(exchange)
    lines = [f"{one_line(shown.method)} {one_line(shown.url)}", *_header_lines(shown.headers)]
    return "\n".join(lines) + _body_text(shown.body, shown.body_bytes)


def reply_text(exchange: Exchange) -> str:
    """Status, headers and body, or why no reply came."""
    shown = masked(exchange)
    took = f"after {numbers.ms(shown.total_ms)}"
    if shown.status == 0:
        return f"no reply {took}: {one_line(shown.error) or 'reason unknown'}"
    lines = [f"{shown.status} {took}", *_header_lines(shown.reply_headers)]
    return "\n".join(lines) + _body_text(shown.reply_body, None)


def effects_text(exchange: Exchange) -> str:
    """The ledger's lines for this request, that there are none, or that nobody could see any."""
    if not exchange.observed:
        return _UNSEEN
    if not exchange.effects:
        return "no effect in the upstream's ledger"
    lines = [one_line(line) for line in exchange.effects[:SHOWN_EFFECTS]]
    more = len(exchange.effects) - len(lines)
    return "\n".join([*lines, *([f"and {more:,} more"] if more else [])])


def brief(exchange: Exchange) -> str:
    """Purpose and outcome on one line."""
    answer = f"{exchange.status}" if exchange.status else f"no reply ({one_line(exchange.error)})"
    count = len(exchange.effects)
    effects = f"{count} effect" if count == 1 else f"{count} effects"
    return f"{one_line(exchange.purpose)}: {answer}, {effects if exchange.observed else _UNSEEN}"


def _masked(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _HIDDEN if name.strip().lower() in _CREDENTIALS else value)
        for name, value in headers
    )


def _header_lines(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{one_line(name)}: {one_line(value)}" for name, value in headers]


def _body_text(body: str, body_bytes: int | None) -> str:
    held = len(body.encode("utf-8", "surrogatepass"))
    more = (
        f"\n({numbers.count(body_bytes)} bytes were sent)"
        if body_bytes and body_bytes > held
        else ""
    )
    return f"\n\n{visible(cut(body, BODY_LIMIT))}{more}" if body or more else ""
