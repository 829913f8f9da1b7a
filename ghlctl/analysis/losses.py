"""Effects of two runs held against each other: no speed makes up for what was lost."""

from dataclasses import dataclass

from ghlctl.analysis.verdicts import ALPHA
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Verdict
from ghlctl.model.summary import EffectsSummary, LoadSummary
from ghlctl.stats.proportion import Share, newcombe


@dataclass(frozen=True, slots=True)
class Losses:
    """What effects leave of a verdict on speed; `worse` where more went wrong beyond chance."""

    worse: bool = False
    cautions: tuple[Caution, ...] = ()

    def limit(self, verdict: Verdict) -> Verdict:
        """Faster because it does less is not better, nor the same."""
        if self.worse:
            return Verdict.WORSE
        if self.cautions and verdict in (Verdict.BETTER, Verdict.SAME):
            return Verdict.UNCLEAR
        return verdict


def losses(baseline: LoadSummary, candidate: LoadSummary) -> Losses:
    """Deliveries lost or done twice by the candidate, more often than by the baseline."""
    before, after = baseline.effects, candidate.effects
    if before is None and after is None:
        return Losses()
    if before is None or after is None:
        return Losses(cautions=(_on_one_side("candidate" if before is None else "baseline"),))
    pairs = {
        "lost": (Share(before.lost, before.expected), Share(after.lost, after.expected)),
        "duplicated": (_duplicated(before), _duplicated(after)),
    }
    more = {name: pair for name, pair in pairs.items() if pair[1].value > pair[0].value}
    return Losses(
        worse=any(newcombe(*pair, 1 - ALPHA)[0] > 0 for pair in more.values()),
        cautions=tuple(_more(name, *pair) for name, pair in more.items()),
    )


def _duplicated(effects: EffectsSummary) -> Share:
    """Of all that may have had an effect: one without an acknowledgement can be done twice too."""
    return Share(effects.duplicated, effects.expected + effects.unacknowledged)


def _on_one_side(arm: str) -> Caution:
    return Caution(
        "effects-on-one-side",
        f"effects were measured of the {arm} only, so what the other run lost is not known",
        "measure both with the same upstream",
    )


def _more(name: str, before: Share, after: Share) -> Caution:
    return Caution(
        f"effects-{name}",
        f"the candidate {name} {after.count:.0f} of {after.total:.0f} deliveries,"
        f" the baseline {before.count:.0f} of {before.total:.0f}",
        "no gain in speed makes up for it: find the cause first",
    )
