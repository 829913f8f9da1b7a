"""Messages on the wire: SMS, e-mail and calls, in either direction."""

from random import Random
from typing import Any

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import iso, record_id
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.texts import reply, sentence

_CHANNELS = ("SMS", "Email", "CALL")
_WEIGHTS = (60, 25, 15)
_LONGEST_CALL_S = 900


def message_fields(random: Random, contact: Contact, action: Action, at: float) -> dict[str, Any]:
    """The body's fields after `type`; a message is never sent again, so none is kept."""
    received = action is Action.RECEIVED
    text = sentence(random, contact) if received else reply(random, contact)
    channel = random.choices(_CHANNELS, _WEIGHTS)[0]
    fields: dict[str, Any] = {
        "locationId": contact.location.id,
        "contactId": contact.id,
        "conversationId": contact.conversation_id,
        "dateAdded": iso(at),
        "direction": "inbound" if received else "outbound",
        "messageType": channel,
        "messageId": record_id(random),
    }
    match channel:
        case "SMS":
            fields |= _text_message(text)
        case "Email":
            fields |= _email(random, contact, text, received=received)
        case _:
            fields |= _call(random, contact)
    if not received:
        fields |= {"userId": random.choice(contact.location.user_ids), "source": "app"}
    return fields


def _text_message(text: str) -> dict[str, Any]:
    return {
        "attachments": [],
        "body": text,
        "contentType": "text/plain",
        "status": "delivered",
    }


def _email(random: Random, contact: Contact, text: str, *, received: bool) -> dict[str, Any]:
    name = f"{contact.first_name} {contact.last_name}"
    person, office = f"{name} <{contact.email}>", "The office <office@example.net>"
    return {
        "body": f'<div style="font-size: 11pt;">{text}</div>',
        "emailMessageId": record_id(random),
        "threadId": record_id(random),
        "subject": f"{contact.property_type.capitalize()} in {contact.wanted_city}",
        "from": person if received else office,
        "to": [office if received else person],
        "status": "delivered",
    }


def _call(random: Random, contact: Contact) -> dict[str, Any]:
    answered = random.random() < 0.7  # noqa: PLR2004 - a share
    status = "completed" if answered else "voicemail"
    recording = f"https://recordings.example.com/{contact.location.id}/{record_id(random)}.mp3"
    fields = {
        "attachments": [recording],
        "callDuration": random.randint(5, _LONGEST_CALL_S),
        "callStatus": status,
        "status": status,
    }
    return fields | ({"userId": random.choice(contact.location.user_ids)} if answered else {})
