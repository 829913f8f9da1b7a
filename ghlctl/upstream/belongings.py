"""What belongs to a record: notes, tasks, followers, and what a contact was put into."""

from collections.abc import Callable

from ghlctl.upstream.answers import Answer, Json
from ghlctl.upstream.asked import Act, Asked, absent, number, page_of
from ghlctl.upstream.contacts import SUCCEEDED
from ghlctl.upstream.crm import Kind


def _of(owner: Kind, act: Act) -> Act:
    """Only where the record that the path names first is still there."""
    return lambda asked: act(asked) if asked.find(owner) is not None else absent(owner)


def _create(kind: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        made = asked.crm.create(kind, asked.location, asked.body, asked.ids[0])
        return Answer(201, {str(kind): made})

    return act


def _all(kind: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        found = asked.crm.all(kind, asked.location, asked.ids[0])
        return Answer(200, {f"{kind}s": found})

    return act


def _page(kind: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        found = asked.crm.all(kind, asked.location, asked.ids[0])
        skip, limit = (number(asked.query.get(name), 0) for name in ("offset", "limit"))
        return Answer(200, {f"{kind}s": page_of(found, skip, limit), "hasMore": False})

    return act


def _one(kind: Kind, change: Callable[[Asked, Json], None] | None = None) -> Act:
    def act(asked: Asked) -> Answer:
        owner, record_id = asked.ids
        record = asked.crm.find(kind, asked.location, record_id, owner)
        if record is None:
            return absent(kind)
        if change is not None:
            change(asked, record)
        return Answer(200, {str(kind): record})

    return act


def _written(kind: Kind) -> Act:
    return _one(kind, lambda asked, record: asked.crm.write(kind, record, asked.body))


def _delete(kind: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        owner, record_id = asked.ids
        left = asked.crm.delete(kind, asked.location, record_id, owner)
        return Answer(200, SUCCEEDED) if left else absent(kind)

    return act


def _follow(owner: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        record = asked.find(owner)
        if record is None:
            return absent(owner)
        known = record.setdefault("followers", [])
        new = [one for one in dict.fromkeys(asked.body["followers"]) if one not in known]
        known += new
        return Answer(201, {"followers": known, "followersAdded": new})

    return act


def _unfollow(owner: Kind) -> Act:
    def act(asked: Asked) -> Answer:
        record = asked.find(owner)
        if record is None:
            return absent(owner)
        every = asked.query.get("isRemoveAllFollowers") == "true"
        known = record.get("followers", [])
        gone = [one for one in known if every or one in asked.body["followers"]]
        record["followers"] = [one for one in known if one not in gone]
        return Answer(200, {"followers": record["followers"], "followersRemoved": gone})

    return act


def _succeeded(status: int) -> Act:
    """Campaigns and workflows run elsewhere: that a contact was put there is the whole effect."""
    return _of(Kind.CONTACT, lambda _: Answer(status, SUCCEEDED))


def _contact(kind: Kind, word: str, act: Callable[[Kind], Act]) -> tuple[str, Act]:
    return f"contacts.{word}", _of(Kind.CONTACT, act(kind))


def _appointment(word: str, act: Callable[[Kind], Act]) -> tuple[str, Act]:
    return f"calendars.{word}", _of(Kind.APPOINTMENT, act(Kind.NOTE))


BELONGINGS: dict[str, Act] = {
    **dict(
        [
            _contact(Kind.NOTE, "get-all-notes", _all),
            _contact(Kind.NOTE, "create-note", _create),
            _contact(Kind.NOTE, "get-note", _one),
            _contact(Kind.NOTE, "update-note", _written),
            _contact(Kind.NOTE, "delete-note", _delete),
            _contact(Kind.TASK, "get-all-tasks", _all),
            _contact(Kind.TASK, "create-task", _create),
            _contact(Kind.TASK, "get-task", _one),
            _contact(Kind.TASK, "update-task", _written),
            _contact(Kind.TASK, "update-task-completed", _written),
            _contact(Kind.TASK, "delete-task", _delete),
            _appointment("get-appointment-notes", _page),
            _appointment("create-appointment-note", _create),
            _appointment("update-appointment-note", _written),
            _appointment("delete-appointment-note", _delete),
        ]
    ),
    "contacts.add-followers-contact": _follow(Kind.CONTACT),
    "contacts.remove-followers-contact": _unfollow(Kind.CONTACT),
    "opportunities.add-followers-opportunity": _follow(Kind.OPPORTUNITY),
    "opportunities.remove-followers-opportunity": _unfollow(Kind.OPPORTUNITY),
    "contacts.add-contact-to-campaign": _succeeded(201),
    "contacts.remove-contact-from-campaign": _succeeded(200),
    "contacts.remove-contact-from-every-campaign": _succeeded(200),
    "contacts.add-contact-to-workflow": _succeeded(200),
    "contacts.delete-contact-from-workflow": _succeeded(200),
}
