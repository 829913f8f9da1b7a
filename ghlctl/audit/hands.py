"""Takes the steps that scripts ask for: requests through the courier, the rest here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ghlctl.audit.ages import ages_in
from ghlctl.audit.commands import filled_in, run_command, words_of
from ghlctl.audit.courier import Courier
from ghlctl.audit.logs import Logs
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock, HookName
from ghlctl.audit.source import read_sources
from ghlctl.audit.steps import (
    AskOldest,
    AskStore,
    Burst,
    Done,
    Fault,
    Flood,
    Hook,
    HookRan,
    LogFound,
    OldestSaid,
    Push,
    ReadSource,
    Result,
    SearchLogs,
    Shake,
    Source,
    StoreSaid,
    Talks,
    Timed,
)
from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.transport.address import place_of
from ghlctl.transport.attempt import Failure
from ghlctl.transport.probe import unreachable
from ghlctl.transport.reach import Reach
from ghlctl.transport.upstream_faults import fail_next

_POLL_S = 0.2
_NOTHING_FOUND = 1  # the exit status of grep and its kind

Taken = (
    Burst
    | Flood
    | Push
    | Talks
    | Timed
    | Shake
    | Fault
    | Hook
    | SearchLogs
    | AskStore
    | AskOldest
    | ReadSource
)
"""Steps that are taken one at a time; sends and waits are taken for all scripts together."""


@dataclass(slots=True)
class Hands:
    """`logs` is None without a log, `courier` carries everything that goes to the receiver."""

    receiver: AuditedReceiver
    bounds: Bounds
    clock: Clock
    reach: Reach
    courier: Courier
    logs: Logs | None

    def take(self, step: Taken) -> Result:  # noqa: PLR0911, PLR0912, C901 - one line a step
        """Raise NotMeasuredError where a means of the config turns out not to work."""
        match step:
            case Burst(sends):
                return self.courier.burst(sends)
            case Flood(sends, per_s):
                return self.courier.flood(sends, per_s)
            case Push():
                return self.courier.push(step)
            case Talks(talks, meanwhile, after_s):
                return self.courier.talk(talks, meanwhile, after_s)
            case Timed():
                return self.courier.time(step)
            case Shake(offer):
                return self.courier.shake(offer)
            case Fault():
                return self._fail(step)
            case Hook(name):
                return self._hook(name)
            case SearchLogs():
                return self._search(step)
            case AskStore():
                return self._ask_store(step)
            case AskOldest():
                return self._ask_oldest()
            case ReadSource():
                return self._source()
            case _:
                assert_never(step)

    def wait_for_log(self, texts: tuple[str, ...]) -> bool:
        """Whether one of the texts is written within the bound; True where none is asked for."""
        return not texts or (
            self.logs is not None
            and self._until(self.bounds.log_within_s, lambda: _holds(self.logs, texts))
        )

    def _fail(self, step: Fault) -> Done:
        if self.receiver.upstream_url is None:
            raise NotMeasuredError("there is no upstream that could fail", "--upstream URL")
        fail_next(
            self.reach,
            self.receiver.upstream_url,
            any_of=step.canary.texts,
            status=step.status,
            times=step.times,
            delay_s=step.delay_s,
        )
        return Done()

    def _hook(self, name: HookName) -> HookRan:
        words = words_of(self.receiver.means.hooks[name])
        ran = run_command(words, timeout_s=self.bounds.command_s)
        if ran.failure:
            return HookRan(f"the hook {name.value} {ran.failure}")
        if not self._until(self.bounds.command_s, self._listens):
            return HookRan(f"after the hook {name.value} nobody listens at the receiver's address")
        return HookRan()

    def _listens(self) -> bool:
        answer = self.reach.ask("GET", place_of(self.receiver.url).origin + "/")
        return not (isinstance(answer, Failure) and unreachable(answer))

    def _search(self, step: SearchLogs) -> LogFound:
        if self.logs is None:
            return LogFound((), seen=False)
        seen = self.wait_for_log(step.until)
        return self.logs.search(step.needles, seen=seen, beyond=step.beyond)

    def _ask_store(self, step: AskStore) -> StoreSaid:
        words = [filled_in(word, step.canary) for word in words_of(self.receiver.means.store_cmd)]
        ran = run_command(words, timeout_s=self.bounds.command_s)
        if ran.status not in (0, _NOTHING_FOUND):
            return StoreSaid(0, failure=f"the store command {ran.failure}")
        held = tuple(one.name for one in step.needles if one.content and one.content in ran.output)
        return StoreSaid(len(ran.lines), held)

    def _ask_oldest(self) -> OldestSaid:
        words = words_of(self.receiver.means.oldest_cmd)
        ran = run_command(words, timeout_s=self.bounds.command_s)
        if ran.failure:
            return OldestSaid((), failure=f"the command for the oldest record {ran.failure}")
        return ages_in(ran.lines)

    def _source(self) -> Source:
        if self.receiver.means.source is None:
            raise UsageError("there is no source to read", "--source DIR")
        return read_sources(self.receiver.means.source)

    def _until(self, within_s: float, holds: Callable[[], bool]) -> bool:
        ends_at = self.clock.monotonic() + within_s
        while not holds():
            if self.clock.monotonic() > ends_at:
                return False
            self.clock.sleep(_POLL_S)
        return True


def _holds(logs: Logs | None, texts: tuple[str, ...]) -> bool:
    return logs is not None and logs.contains(texts)
