"""The 77 events: what each concerns, what happened to it, and what the wire calls it."""

from enum import StrEnum


class Family(StrEnum):
    """What an event concerns."""

    APP = "app"
    APPOINTMENT = "appointment"
    ASSOCIATION = "association"
    CALL = "call"
    CAMPAIGN = "campaign"
    CONTACT = "contact"
    CONVERSATION = "conversation"
    EMAIL = "email"
    INVOICE = "invoice"
    KNOWLEDGE_BASE = "knowledge base"
    LOCATION = "location"
    MESSAGE = "message"
    NOTE = "note"
    OBJECT_SCHEMA = "object schema"
    OPPORTUNITY = "opportunity"
    ORDER = "order"
    PRICE = "price"
    PRODUCT = "product"
    RECORD = "record"
    RELATION = "relation"
    SAAS_PLAN = "SaaS plan"
    SUPPORT_TICKET = "support ticket"
    TASK = "task"
    USER = "user"


class Action(StrEnum):
    """What happened to it; the values complete the sentence "a contact …"."""

    CREATED = "is created"
    UPDATED = "is updated"
    DELETED = "is deleted"
    TAGGED = "gets or loses a tag"
    DND_SET = "allows or forbids a channel"
    MOVED = "moves to another stage"
    STATUS_SET = "is won, lost, abandoned or open again"
    ASSIGNED = "is assigned to another user"
    REVALUED = "has another monetary value"
    COMPLETED = "is completed"
    RECEIVED = "comes from a contact"
    SENT = "goes to a contact"
    HANDED_OVER = "is handed to a conversation provider"
    PROGRESSED = "has another status"
    PAID = "is paid"
    PARTLY_PAID = "is paid in part"
    VOIDED = "is declared void"
    INSTALLED = "is installed"
    UNINSTALLED = "is uninstalled"
    PAYMENT_SET = "is paid for, or no longer"
    PLAN_SET = "is used on another plan"
    CONNECTED = "is connected to an outside account"
    READ = "is read or becomes unread"
    REPLACED = "is replaced by another one"
    TRACKED = "is delivered, opened or refused"
    ENDED = "ends"
    FAQ_CHANGED = "has a question that was added, changed or removed"
    FILE_CHANGED = "has a file that was added, changed or removed"
    TEXT_CHANGED = "has a text that was added, changed or removed"
    TABLE_CHANGED = "has a table that was added, changed or removed"
    URL_CHANGED = "has a web address that was added, changed or removed"


EVENT_TYPES: dict[str, tuple[Family, Action]] = {
    "ContactCreate": (Family.CONTACT, Action.CREATED),
    "ContactUpdate": (Family.CONTACT, Action.UPDATED),
    "ContactDelete": (Family.CONTACT, Action.DELETED),
    "ContactTagUpdate": (Family.CONTACT, Action.TAGGED),
    "ContactDndUpdate": (Family.CONTACT, Action.DND_SET),
    "OpportunityCreate": (Family.OPPORTUNITY, Action.CREATED),
    "OpportunityUpdate": (Family.OPPORTUNITY, Action.UPDATED),
    "OpportunityDelete": (Family.OPPORTUNITY, Action.DELETED),
    "OpportunityStageUpdate": (Family.OPPORTUNITY, Action.MOVED),
    "OpportunityStatusUpdate": (Family.OPPORTUNITY, Action.STATUS_SET),
    "OpportunityAssignedToUpdate": (Family.OPPORTUNITY, Action.ASSIGNED),
    "OpportunityMonetaryValueUpdate": (Family.OPPORTUNITY, Action.REVALUED),
    "AppointmentCreate": (Family.APPOINTMENT, Action.CREATED),
    "AppointmentUpdate": (Family.APPOINTMENT, Action.UPDATED),
    "AppointmentDelete": (Family.APPOINTMENT, Action.DELETED),
    "TaskCreate": (Family.TASK, Action.CREATED),
    "TaskComplete": (Family.TASK, Action.COMPLETED),
    "TaskDelete": (Family.TASK, Action.DELETED),
    "NoteCreate": (Family.NOTE, Action.CREATED),
    "NoteUpdate": (Family.NOTE, Action.UPDATED),
    "NoteDelete": (Family.NOTE, Action.DELETED),
    "InboundMessage": (Family.MESSAGE, Action.RECEIVED),
    "OutboundMessage": (Family.MESSAGE, Action.SENT),
    "ProviderOutboundMessage": (Family.MESSAGE, Action.HANDED_OVER),
    "ConversationUnreadWebhook": (Family.CONVERSATION, Action.READ),
    "ConversationUpdate": (Family.CONVERSATION, Action.REPLACED),
    "CampaignStatusUpdate": (Family.CAMPAIGN, Action.PROGRESSED),
    "LCEmailStats": (Family.EMAIL, Action.TRACKED),
    "VoiceAiCallEnd": (Family.CALL, Action.ENDED),
    "InvoiceCreate": (Family.INVOICE, Action.CREATED),
    "InvoiceUpdate": (Family.INVOICE, Action.UPDATED),
    "InvoiceDelete": (Family.INVOICE, Action.DELETED),
    "InvoiceSent": (Family.INVOICE, Action.SENT),
    "InvoicePaid": (Family.INVOICE, Action.PAID),
    "InvoicePartiallyPaid": (Family.INVOICE, Action.PARTLY_PAID),
    "InvoiceVoid": (Family.INVOICE, Action.VOIDED),
    "OrderCreate": (Family.ORDER, Action.CREATED),
    "OrderStatusUpdate": (Family.ORDER, Action.PROGRESSED),
    "ProductCreate": (Family.PRODUCT, Action.CREATED),
    "ProductUpdate": (Family.PRODUCT, Action.UPDATED),
    "ProductDelete": (Family.PRODUCT, Action.DELETED),
    "PriceCreate": (Family.PRICE, Action.CREATED),
    "PriceUpdate": (Family.PRICE, Action.UPDATED),
    "PriceDelete": (Family.PRICE, Action.DELETED),
    "AssociationCreate": (Family.ASSOCIATION, Action.CREATED),
    "AssociationUpdate": (Family.ASSOCIATION, Action.UPDATED),
    "AssociationDelete": (Family.ASSOCIATION, Action.DELETED),
    "RelationCreate": (Family.RELATION, Action.CREATED),
    "RelationDelete": (Family.RELATION, Action.DELETED),
    "ObjectSchemaCreate": (Family.OBJECT_SCHEMA, Action.CREATED),
    "ObjectSchemaUpdate": (Family.OBJECT_SCHEMA, Action.UPDATED),
    "RecordCreate": (Family.RECORD, Action.CREATED),
    "RecordUpdate": (Family.RECORD, Action.UPDATED),
    "RecordDelete": (Family.RECORD, Action.DELETED),
    "LocationCreate": (Family.LOCATION, Action.CREATED),
    "LocationUpdate": (Family.LOCATION, Action.UPDATED),
    "UserCreate": (Family.USER, Action.CREATED),
    "UserUpdate": (Family.USER, Action.UPDATED),
    "UserDelete": (Family.USER, Action.DELETED),
    "AppInstall": (Family.APP, Action.INSTALLED),
    "AppUninstall": (Family.APP, Action.UNINSTALLED),
    "AppUpdate": (Family.APP, Action.UPDATED),
    "AppPaymentStatus": (Family.APP, Action.PAYMENT_SET),
    "PlanChange": (Family.APP, Action.PLAN_SET),
    "ExternalAuthConnected": (Family.APP, Action.CONNECTED),
    "SaaSPlanCreate": (Family.SAAS_PLAN, Action.CREATED),
    "SupportTicketCreate": (Family.SUPPORT_TICKET, Action.CREATED),
    "SupportTicketUpdate": (Family.SUPPORT_TICKET, Action.UPDATED),
    "SupportTicketDelete": (Family.SUPPORT_TICKET, Action.DELETED),
    "KnowledgeBaseCreate": (Family.KNOWLEDGE_BASE, Action.CREATED),
    "KnowledgeBaseUpdate": (Family.KNOWLEDGE_BASE, Action.UPDATED),
    "KnowledgeBaseDelete": (Family.KNOWLEDGE_BASE, Action.DELETED),
    "KnowledgeBaseFaqChange": (Family.KNOWLEDGE_BASE, Action.FAQ_CHANGED),
    "KnowledgeBaseFileChange": (Family.KNOWLEDGE_BASE, Action.FILE_CHANGED),
    "KnowledgeBaseRichTextChange": (Family.KNOWLEDGE_BASE, Action.TEXT_CHANGED),
    "KnowledgeBaseTableFileChange": (Family.KNOWLEDGE_BASE, Action.TABLE_CHANGED),
    "KnowledgeBaseTrainedUrlChange": (Family.KNOWLEDGE_BASE, Action.URL_CHANGED),
}
"""By the name of the platform's page, which is what its log dashboard filters by."""

_ON_THE_WIRE = {
    "AppInstall": "INSTALL",
    "AppUninstall": "UNINSTALL",
    "AppUpdate": "UPDATE",
    "AppPaymentStatus": "APP_PAYMENT_STATUS",
    "PlanChange": "PLAN_CHANGE",
    "ExternalAuthConnected": "EXTERNAL_AUTH_CONNECTED",
    "ConversationUnreadWebhook": "ConversationUnreadUpdate",
    "SaaSPlanCreate": "SaasPlanCreate",
}
_TYPELESS = (
    Family.INVOICE,
    Family.PRODUCT,
    Family.PRICE,
    Family.ASSOCIATION,
    Family.RECORD,
    Family.RELATION,
    Family.OBJECT_SCHEMA,
    Family.CALL,
    Family.SAAS_PLAN,
)
OWN_TYPE = frozenset({"ProviderOutboundMessage", "PriceUpdate", "PriceDelete"})
"""Their documented `type` is a field of their own: the channel, or the kind of price."""

TYPE_UNSHOWN = frozenset(
    name
    for name, (family, _) in EVENT_TYPES.items()
    if family in _TYPELESS and name not in OWN_TYPE
)
"""Events whose documented examples show no `type`; that the wire has one is not confirmed."""

FIELDS_UNCONFIRMED = frozenset(
    {
        "UserUpdate",
        "UserDelete",
        "KnowledgeBaseUpdate",
        "KnowledgeBaseDelete",
        "KnowledgeBaseTableFileChange",
    }
)
"""Events that are listed by name alone; their fields here are those of their siblings."""


def wire_type(name: str) -> str:
    """What the body's `type` says, where it is not a field of the event's own."""
    return _ON_THE_WIRE.get(name, name)
