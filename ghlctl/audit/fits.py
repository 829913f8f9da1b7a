"""For which schemes and receivers a question makes sense, as values rather than code."""

from dataclasses import dataclass
from enum import StrEnum

from ghlctl.signing.scheme import Covered, Rotating, Scheme


class KeyKind(StrEnum):
    """SECRET: both sides hold the same text. PAIR: the receiver holds the public half alone."""

    SECRET = "secret"  # noqa: S105 - a kind of key, no key
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked, as far as applicability goes."""

    scheme: Scheme
    keys: KeyKind
    provider: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Fits:
    """Each field narrows the question; what is left alone asks for nothing.

    `signed`: deliveries carry a header that proves their sender. `covers`: at least one of these
    is signed; `leaves_out`: none of these is. `because` replaces the reason that is given
    where the question does not apply.
    """

    signed: bool = False
    covers: frozenset[Covered] = frozenset()
    leaves_out: frozenset[Covered] = frozenset()
    timestamped: bool | None = None
    rotating: bool = False
    keys: KeyKind | None = None
    schemes: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    secure: bool = False
    because: str = ""

    def unfit(self, asked: Subject) -> str:
        """Why the question makes no sense, "" where it does."""
        reason = self._unfit(asked)
        name = asked.scheme.name
        return self.because.format(scheme=name) if reason and self.because else reason

    def _unfit(self, asked: Subject) -> str:  # noqa: PLR0911 - one return for each line of the data
        scheme = asked.scheme
        said = f"scheme {scheme.name}"
        if self.schemes and scheme.name not in self.schemes:
            return f"only asked of {', '.join(sorted(self.schemes))}; this is {said}"
        if self.providers and asked.provider not in self.providers:
            names = ", ".join(sorted(self.providers))
            return f"only asked of {names}; this is provider {asked.provider}"
        if self.signed and not scheme.headers:
            return f"{said} carries no signature"
        if self.covers and not self.covers & set(scheme.covers):
            return f"{said} does not cover the {_any_of(self.covers)}"
        if left := self.leaves_out & set(scheme.covers):
            return f"{said} covers the {_any_of(left)}"
        if self.timestamped is not None and scheme.timestamped is not self.timestamped:
            return f"{said} carries {'a' if scheme.timestamped else 'no'} time of its own"
        if self.rotating and not isinstance(scheme, Rotating):
            return f"{said} carries one signature, not a list"
        if self.keys is not None and asked.keys is not self.keys:
            return f"{said} signs with a {_KINDS[asked.keys]}"
        if self.secure and not asked.secure:
            return "the receiver's URL is plain http"
        return ""


ALWAYS = Fits()
_KINDS = {KeyKind.SECRET: "shared secret", KeyKind.PAIR: "key pair"}


def _any_of(covered: frozenset[Covered]) -> str:
    return " or ".join(sorted(one.value for one in covered))
