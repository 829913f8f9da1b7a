"""What checks say of themselves, what a plan would do, and what judging again has changed: text."""

import textwrap
from typing import TYPE_CHECKING

from ghlctl.audit.about import About
from ghlctl.audit.catalogue import about_all, check_of

if TYPE_CHECKING:
    from ghlctl.audit.plan import Plan, Planned
    from ghlctl.model.finding import AuditSummary

WIDTH = 80


def listed() -> str:
    """One line a check: id, severity, name and title."""
    return "\n".join(
        f"{one.id:<8}{one.severity.value:<9} {one.title} ({one.name})" for one in about_all()
    )


def rows() -> list[dict[str, object]]:
    """The same as values, with what each check needs."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "topic": one.topic.value,
            "title": one.title,
            "severity": one.severity.value,
            "needs": _needs(one),
            "references": list(one.references),
        }
        for one in about_all()
    ]


def explained(about: About) -> str:
    """What a check says of itself, at 80 columns."""
    check = check_of(about)
    needs = sorted(check.needs, key=lambda need: need.name) if check is not None else []
    parts = [
        ("asks", about.asks),
        ("correct", about.correct),
        ("why", about.why),
        ("remedy", about.remedy),
        *(("needs", f"{need.what}: {need.line}") for need in needs),
        ("see", ", ".join(about.references)),
    ]
    paragraphs = [
        textwrap.fill(f"{name:<9}{text}", WIDTH, subsequent_indent=" " * 9)
        for name, text in parts
        if text
    ]
    head = f"{about.id}  {about.title}\n{about.name}, {about.topic.value}, {about.severity.value}"
    return "\n\n".join([head, *paragraphs])


def planned(plan: "Plan") -> str:
    """One block a check, and what all of it comes to."""
    lines = [line for one in plan.checks for line in _planned(one)]
    asked = [one for one in plan.checks if one.course.value == "ask"]
    timed = sum(one.timed for one in asked)
    whole = (
        f"{len(asked)} of {len(plan.checks)} checks would be asked: about {plan.usual} requests to "
        f"a correct receiver, about {plan.most} to the worst; never more than "
        f"{plan.bounds.requests}, at {plan.bounds.requests_per_s:g}/s"
    )
    lines += ["", *textwrap.wrap(whole, WIDTH)]
    if timed:
        lines.append(f"and up to {timed} timed requests")
    return "\n".join(lines)


def _planned(one: "Planned") -> list[str]:
    about = one.check.about
    if one.course.value == "ask":
        count = f"{one.usual}" if one.usual == one.most else f"{one.usual} to {one.most}"
        alone = ", intrusive" if one.check.intrusive else ""
        return [f"{about.id:<8}{'ask':<15} {about.name}: {count} requests{alone}"]
    head = f"{about.id:<8}{one.course.value:<15} {about.name}: {one.why}"
    return textwrap.wrap(head, WIDTH, subsequent_indent=" " * 24)


def changes(before: "AuditSummary", after: "AuditSummary") -> str:
    """Which verdicts are others than those that were stored."""
    old = {one.id: one.outcome for one in before.checks}
    changed = [
        f"{one.id}: {old[one.id].value} when it was asked, {one.outcome.value} now"
        for one in after.checks
        if old[one.id] is not one.outcome
    ]
    return "\n".join(changed) if changed else "every verdict is the one that was stored"


def _needs(about: About) -> list[str]:
    check = check_of(about)
    return sorted(need.name.lower() for need in check.needs) if check is not None else []
