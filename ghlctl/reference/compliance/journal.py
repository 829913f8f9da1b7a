"""What the receiver tells its audit log, and how that is bound to what it stores."""

import uuid
from dataclasses import dataclass, replace

from ghlctl.reference.compliance.audit_log import AuditLog
from ghlctl.reference.compliance.entry import Action, Entry, Purpose
from ghlctl.reference.compliance.pseudonyms import Pseudonyms
from ghlctl.reference.incoming import Family, Incoming
from ghlctl.reference.refusal import Refusal
from ghlctl.reference.storage import KEEP_S, Change, Noted

PURPOSES = {
    Action.UPDATED: Purpose.SCORING,
    Action.FAILED: Purpose.SCORING,
    Action.WITHHELD: Purpose.CONSENT,
    Action.ERASED: Purpose.ERASURE,
}


@dataclass(frozen=True, slots=True)
class Journal:
    """`log` None keeps no record. `actor` is who sends: the scheme by which it is known."""

    log: AuditLog | None
    pseudonyms: Pseudonyms
    actor: str

    def received(self, incoming: Incoming, outcome: str, now: float) -> None:
        """Without waiting: what is stored is spoken of again when it is done."""
        if self.log is not None:
            entry = self._entry(Action.RECEIVED, Purpose.SCORING, incoming, outcome)
            self.log.note(replace(entry, keep_until=now + KEEP_S))

    def ignored(self, event_type: str) -> None:
        if self.log is not None:
            entry = Entry(Action.RECEIVED, Purpose.SCORING, "ignored", event_type, actor=self.actor)
            self.log.note(entry)

    def refused(self, refusal: Refusal, claimed: object, source: str) -> None:
        """`claimed` is the id that it carried, which is not to be believed."""
        if self.log is None:
            return
        people = {"network": self.pseudonyms.network(source)} if source else {}
        entry = Entry(
            Action.REFUSED,
            Purpose.SECURITY,
            refusal.code,
            delivery=_id_in(claimed),
            actor=self.actor,
            people=people,
        )
        self.log.note(entry)

    def noted(
        self, action: Action, incoming: Incoming, outcome: str = "", **more: object
    ) -> list[Change]:
        """To be written before the delivery is marked as done; nothing where no record is kept."""
        if self.log is None:
            return []
        entry = self._entry(action, PURPOSES[action], incoming, outcome)
        return [Noted(replace(entry, more=more))]

    def note(self, action: Action, purpose: Purpose, outcome: str = "", **more: object) -> None:
        """Of nobody in particular."""
        if self.log is not None:
            self.log.note(Entry(action, purpose, outcome, more=more))

    def _entry(self, action: Action, purpose: Purpose, incoming: Incoming, outcome: str) -> Entry:
        lead, names = incoming.lead, self.pseudonyms
        people = {"contact": names.contact(incoming.location_id, incoming.contact_id)}
        if lead.email:
            people["email"] = names.email(lead.email)
        if lead.phone:
            people["phone"] = names.phone(lead.phone)
        return Entry(
            action,
            purpose,
            outcome,
            incoming.event_type,
            incoming.webhook_id,
            incoming.location_id,
            self.actor,
            _kinds(incoming),
            people,
        )


def _kinds(incoming: Incoming) -> tuple[str, ...]:
    """What kinds of details a delivery brought, by what it said."""
    lead = incoming.lead
    said = {
        "name and address": lead.family is Family.CONTACT
        and incoming.event_type != "ContactDelete",
        "email": lead.email,
        "phone": lead.phone,
        "interests": lead.tags or lead.source,
        "business": lead.value or lead.company,
    }
    return tuple(kind for kind, found in said.items() if found)


def _id_in(claimed: object) -> str:
    """An id that is none of a UUID's form could be anything, a telephone number too."""
    try:
        return str(uuid.UUID(claimed)) if isinstance(claimed, str) else ""
    except ValueError:
        return ""
