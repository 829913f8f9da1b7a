"""What a location keeps and may change later: one record of each family at a contact's place."""

from random import Random

from ghlctl.providers.ghl import account, commerce, custom_objects, knowledge, records
from ghlctl.providers.ghl.event_types import Action, Family
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record

_NEW = {
    Family.INVOICE: commerce.new_invoice,
    Family.ORDER: commerce.new_order,
    Family.PRODUCT: commerce.new_product,
    Family.PRICE: commerce.new_price,
    Family.ASSOCIATION: custom_objects.new_association,
    Family.RELATION: custom_objects.new_relation,
    Family.OBJECT_SCHEMA: custom_objects.new_object_schema,
    Family.RECORD: custom_objects.new_object_record,
    Family.LOCATION: account.new_location,
    Family.USER: account.new_user,
    Family.SAAS_PLAN: account.new_saas_plan,
    Family.SUPPORT_TICKET: account.new_support_ticket,
    Family.KNOWLEDGE_BASE: knowledge.new_knowledge_base,
}
_UPDATED = {
    Family.PRODUCT: commerce.changed_product,
    Family.PRICE: commerce.changed_price,
    Family.ASSOCIATION: custom_objects.changed_association,
    Family.OBJECT_SCHEMA: custom_objects.changed_object_schema,
    Family.RECORD: custom_objects.changed_object_record,
    Family.LOCATION: account.changed_location,
    Family.USER: account.changed_user,
}
LAST = frozenset({Action.DELETED, Action.COMPLETED, Action.VOIDED})
"""After these a record is never heard of again."""


def new(family: Family, random: Random, contact: Contact, at: float) -> Record:
    """A record of `contact` or its location that was made at unix second `at`."""
    make = _NEW.get(family)
    if make is None:
        return records.new_record(family, random, contact, at)
    return make(random, contact, at)


def changed(
    family: Family, record: Record, action: Action, random: Random, contact: Contact, at: float
) -> Record:
    """The record after `action`, a new one; one that is deleted is sent as it was."""
    match family:
        case Family.OPPORTUNITY | Family.APPOINTMENT | Family.TASK | Family.NOTE:
            return records.changed_record(record, action, random, contact, at)
        case Family.INVOICE:
            return commerce.changed_invoice(record, action, random, at)
        case Family.ORDER:
            return commerce.changed_order(record, random, at)
        case Family.KNOWLEDGE_BASE:
            return knowledge.changed_knowledge_base(record, action, random)
    if action is Action.UPDATED and family in _UPDATED:
        return _UPDATED[family](record, random, contact, at)
    return record


def shown(family: Family, record: Record, action: Action) -> Record:
    """The record as the event shows it, where creation and change name things differently."""
    match family:
        case Family.PRICE:
            return commerce.shown_price(record, action)
        case Family.ASSOCIATION:
            return custom_objects.shown_association(record, action)
        case _:
            return record
