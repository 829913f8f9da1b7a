"""Conversations, campaigns, e-mail statistics and AI calls on the wire."""

from random import Random

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import COMPANY_ID, hex_id, iso, record_id
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record
from ghlctl.providers.ghl.texts import reply, sentence

_CAMPAIGN = ("active", "paused", "finished", "removed")
_MAIL = ("accepted", "delivered", "opened", "clicked", "failed", "unsubscribed", "complained")
_OK, _REFUSED = 250, 550
_LONGEST_CALL_S = 900


def conversation_fields(random: Random, contact: Contact, action: Action, _at: float) -> Record:
    place = {"locationId": contact.location.id}
    if action is Action.REPLACED:
        return {
            **place,
            "companyId": COMPANY_ID,
            "newConversationId": contact.conversation_id,
            "oldConversationId": record_id(random),
            "contactId": contact.id,
        }
    unread = random.randint(0, 9)
    return {
        **place,
        "id": contact.conversation_id,
        "contactId": contact.id,
        "deleted": False,
        "inbox": unread > 0,
        "starred": random.random() < 0.1,  # noqa: PLR2004 - a share
        "unreadCount": unread,
    }


def campaign_fields(random: Random, contact: Contact, _action: Action, at: float) -> Record:
    return {
        "locationId": contact.location.id,
        "id": record_id(random),
        "contactId": contact.id,
        "status": random.choice(_CAMPAIGN),
        "templateId": record_id(random),
        "replied": random.choice(("yes", "no")),
        "dateAdded": iso(at),
    }


def handed_over_fields(random: Random, contact: Contact, _action: Action, _at: float) -> Record:
    """What a conversation provider is asked to send; `type` is the channel, not the event."""
    fields: Record = {
        "contactId": contact.id,
        "locationId": contact.location.id,
        "messageId": record_id(random),
        "attachments": [f"https://media.example.com/{record_id(random)}.png"],
        "userId": random.choice(contact.location.user_ids),
    }
    text = reply(random, contact)
    if random.random() < 0.7:  # noqa: PLR2004 - a share
        return {**fields, "type": "SMS", "phone": contact.phone, "message": text}
    return {
        **fields,
        "type": "Email",
        "emailMessageId": record_id(random),
        "emailTo": [contact.email],
        "emailFrom": "The office <office@example.net>",
        "html": f'<div style="font-size: 11pt;">{text}</div>',
        "subject": f"{contact.property_type.capitalize()} in {contact.wanted_city}",
    }


def email_fields(random: Random, contact: Contact, _action: Action, at: float) -> Record:
    """What became of one e-mail; the numbers are the mail server's own."""
    event = random.choice(_MAIL)
    return {
        "locationId": contact.location.id,
        "companyId": COMPANY_ID,
        "webhookPayload": {
            "event": event,
            "id": record_id(random),
            "timestamp": int(at),
            "flags": _flags(),
            "message": _mail(random, contact),
            "log-level": "error" if event == "failed" else "info",
            "recipient": contact.email,
            "recipient-domain": contact.email.partition("@")[2],
            "tags": [f"loc_{contact.location.id}", f"com_{COMPANY_ID}", "et_other"],
            "recipient-provider": "Other",
            "campaigns": [],
            "delivery-status": _mail_status(random, _REFUSED if event == "failed" else _OK),
            "envelope": _envelope(random, contact),
        },
    }


def call_fields(random: Random, contact: Contact, _action: Action, at: float) -> Record:
    """An AI agent's call; written anew, for the documents' own example carries no licence."""
    said, asked = reply(random, contact), sentence(random, contact)
    done = {
        "_id": hex_id(random),
        "actionType": "APPOINTMENT_BOOKING",
        "actionName": "Book a viewing",
        "description": "asks for a day and books it",
        "actionParameters": {
            "calendarId": contact.location.calendar_id,
            "daysOfOfferingDates": 3,
            "slotsPerDay": 2,
            "hoursBetweenSlots": 3,
        },
        "executedAt": iso(at),
        "triggerReceivedAt": iso(at),
    }
    return {
        "id": hex_id(random),
        "locationId": contact.location.id,
        "agentId": hex_id(random),
        "contactId": contact.id,
        "fromNumber": contact.phone,
        "createdAt": iso(at),
        "duration": random.randint(5, _LONGEST_CALL_S),
        "summary": f"{contact.first_name} asked about a {contact.property_type}",
        "transcript": f"caller: {asked}\nagent: {said}",
        "translation": {"transcript": "", "language": "en"},
        "extractedData": {"city": contact.wanted_city, "bedrooms": contact.bedrooms},
        "messageId": record_id(random),
        "trialCall": False,
        "executedCallActions": [done],
    }


def _flags() -> Record:
    quiet = ("is-routed", "is-big", "is-system-test", "is-test-mode")
    return {"is-authenticated": True, **dict.fromkeys(quiet, False)}


def _mail(random: Random, contact: Contact) -> Record:
    headers = {
        "message-id": f"{record_id(random).lower()}@example.com",
        "from": "The office <office@example.net>",
        "to": contact.email,
    }
    return {"attachments": [], "headers": headers, "size": random.randint(900, 90_000)}


def _mail_status(random: Random, code: int) -> Record:
    return {
        "attempt-no": 1,
        "code": code,
        "message": "OK" if code == _OK else "mailbox unavailable",
        "description": "",
        "session-seconds": random.randint(20, 900) / 1000,
        "enhanced-code": "",
        "mx-host": "mail.example.com",
        "utf8": True,
        "i-first-delivery-attempt-seconds": random.randint(10, 400) / 1000,
    }


def _envelope(random: Random, contact: Contact) -> Record:
    return {
        "sender": "office@example.net",
        "targets": contact.email,
        "transport": "smtp",
        "sending-ip": "127.0.0.1",
        "i-ip-pool-id": hex_id(random),
        "i-ip-pool-name": "shared",
    }
