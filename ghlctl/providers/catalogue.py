"""All providers by name. A new provider is one folder and one line here."""

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion
from ghlctl.providers.ghl.provider import Ghl
from ghlctl.providers.ghl_workflow.provider import GhlWorkflow
from ghlctl.providers.provider import Provider

_ALL: tuple[Provider, ...] = (
    Ghl(),
    Ghl("ghl-documented", types_stated=False),
    GhlWorkflow(),
)
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in _ALL}


def provider_named(name: str) -> Provider:
    """Raise UsageError for a name that is in no line above."""
    if name not in PROVIDERS:
        raise UsageError(f"unknown provider {name!r}", suggestion(name, PROVIDERS, "providers"))
    return PROVIDERS[name]
