"""What the receiver finds out about a contact: the three AI stages, put together."""

from dataclasses import dataclass
from pathlib import Path

from ghlctl.reference import behaviour as history
from ghlctl.reference.behaviour import Behaviour, Segment
from ghlctl.reference.incoming import Lead
from ghlctl.reference.leads import OWN_TAG, features
from ghlctl.reference.matching import IndexMatcher, Matcher, ScanMatcher
from ghlctl.reference.population import open_population
from ghlctl.reference.profile import Lookup, ModelLoading, Profile
from ghlctl.reference.trees import Model, load_model, probability

HOT, WARM = 0.5, 0.2


@dataclass(frozen=True, slots=True)
class Insight:
    """`score` is a share, 0 to 1; `matches` are listing numbers, the best first."""

    score: float
    segment: Segment
    matches: tuple[int, ...]
    next_contact_hour: int

    @property
    def tag(self) -> str:
        if self.score >= HOT:
            return f"{OWN_TAG}hot"
        return f"{OWN_TAG}warm" if self.score >= WARM else f"{OWN_TAG}cold"

    @property
    def matches_text(self) -> str:
        return ",".join(f"L{number:05d}" for number in self.matches)


class Analyst:
    """The stages as the profile's switches have them: the results are the same in every setting."""

    def __init__(self, profile: Profile, population: Path) -> None:
        self._connection = open_population(population)
        indexed = profile.lookup is Lookup.INDEX
        self._query = history.BY_INDEX if indexed else history.BY_SCAN
        kind = IndexMatcher if indexed else ScanMatcher
        self._matcher: Matcher = kind(self._connection)
        self._kept = load_model() if profile.model is ModelLoading.KEPT else None

    def behaviour(self, contact_id: str) -> Behaviour:
        return history.analyse(self._connection, self._query, contact_id)

    def everything(self, contact_id: str, lead: Lead) -> Insight:
        return self.insight(contact_id, lead, self.behaviour(contact_id))

    def insight(self, contact_id: str, lead: Lead, behaviour: Behaviour) -> Insight:
        return self.scored(lead, behaviour, self.matches(contact_id, lead))

    def matches(self, contact_id: str, lead: Lead) -> tuple[int, ...]:
        return self._matcher.best(self._matcher.wish(contact_id, lead.city, lead.value))

    def scored(self, lead: Lead, behaviour: Behaviour, matches: tuple[int, ...]) -> Insight:
        score = round(probability(self._model(), features(lead, behaviour)), 6)
        return Insight(score, behaviour.segment, matches, behaviour.favourite_hour)

    def close(self) -> None:
        self._connection.close()

    def _model(self) -> Model:
        return load_model() if self._kept is None else self._kept
