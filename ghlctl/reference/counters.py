"""What the receiver counts for GET /health; numbers only, nothing of anybody."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    processed: int = 0
    failed: int = 0
    recovered: int = 0
    upstream_calls: int = 0
    upstream_retries: int = 0
    upstream_s: float = 0.0  # waited for answers, over all calls
    calls_troubled: int = 0  # met a failure that may pass
    calls_recovered: int = 0  # and succeeded after all
    paced: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    cache_waits: int = 0
    cache_errors: int = 0
    score_hits: int = 0
    score_misses: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1
