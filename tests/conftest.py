"""Properties are about truth, never about speed: the machine that checks is shared."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ghlctl",
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ghlctl")
