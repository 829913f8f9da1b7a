"""Who is asked beside whom."""

from collections.abc import Sequence

from ghlctl.audit.about import Topic
from ghlctl.audit.batches import batches, company
from ghlctl.audit.catalogue import CHECKS
from ghlctl.audit.script import Check


def test_every_check_is_in_one_batch_and_what_disturbs_is_alone() -> None:
    found = batches(CHECKS)
    assert sorted(c.about.id for some in found for c in some) == sorted(c.about.id for c in CHECKS)
    assert all(len(some) == 1 for some in found if some[0].apart)


def test_one_company_is_asked_at_once_and_none_twice() -> None:
    calm = [some for some in batches(CHECKS) if not some[0].apart]
    companies = [company(some[0].about.topic) for some in calm]
    assert len(companies) == len(set(companies))
    assert all(
        company(c.about.topic) == company(some[0].about.topic) for some in calm for c in some
    )


def test_companies_and_what_they_ask_keep_the_catalogues_order() -> None:
    def places(checks: Sequence[Check]) -> list[int]:
        return [CHECKS.index(check) for check in checks]

    found = batches(CHECKS)
    assert all(places(some) == sorted(places(some)) for some in found)
    firsts = [min(places(some)) for some in found if not some[0].apart]
    assert firsts == sorted(firsts)


def test_what_leaves_unmarked_effects_is_kept_from_those_who_count() -> None:
    assert Topic.INPUT not in company(Topic.REPLAY)
    assert company(Topic.SIGNATURE) == {Topic.SIGNATURE}
