"""What a genuine delivery is held to before it is acted on, and what is kept of its text."""

from dataclasses import dataclass, field, replace

from ghlctl.reference.incoming import Ignored, Incoming
from ghlctl.reference.kept import kept_of
from ghlctl.reference.profile import Profile, RateLimit, Structure, TenantCheck, Text
from ghlctl.reference.rates import EVENTS, Rates
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.reference.structure import fault_in
from ghlctl.reference.tenants import EVERYONE, Tenants
from ghlctl.reference.words import plain_lead


@dataclass(slots=True)
class Screening:
    """After the signature: nobody but the provider can make the receiver look this closely."""

    profile: Profile
    tenants: Tenants = EVERYONE
    _locations: Rates = field(default_factory=lambda: Rates(EVENTS))

    def refuse_structure(self, body: bytes) -> Refusal | None:
        if self.profile.structure is Structure.ANY:
            return None
        fault = fault_in(body)
        return None if fault is None else Refusal(RefusalCode.WRONG_TYPE, f"structure: {fault}")

    def refuse_tenant(self, parsed: Incoming | Ignored, body: bytes, now: float) -> Refusal | None:
        """`now` in seconds of a clock that only advances."""
        acts = isinstance(parsed, Incoming)
        if self.profile.tenant_check is TenantCheck.ON:
            stranger = self.tenants.stranger_in(body, acts=acts)
            if stranger is not None:
                return Refusal(RefusalCode.FOREIGN, f"tenant: {stranger} is none of ours")
        if self.profile.rate_limit is RateLimit.OFF or not isinstance(parsed, Incoming):
            return None
        wait_s = self._locations.wait_s(parsed.location_id, now)
        if not wait_s:
            return None
        return Refusal(RefusalCode.TOO_MANY, "rate: of this location", wait_s)

    def prepared(self, incoming: Incoming, body: bytes) -> Incoming:
        """With its text cleaned, and with what is kept of it, as the profile says."""
        profile = self.profile
        lead = plain_lead(incoming.lead) if profile.text is Text.CLEANED else incoming.lead
        kept = kept_of(body, incoming.event_type, profile.unknown_fields, profile.text)
        return replace(incoming, lead=lead, kept=kept)
