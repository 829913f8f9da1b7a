"""Student's t and the normal distribution, without scipy: absolute error below 1e-8."""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_CONVERGED = 1e-15
_MOST_TERMS = 10_000
_HALVINGS = 200


def z_quantile(p: float) -> float:
    """The standard normal value below which a share `p` (0 < p < 1) lies."""
    return NormalDist().inv_cdf(p)


def t_cdf(t: float, df: float) -> float:
    """The share of Student's t with `df` > 0 degrees of freedom that lies below `t`."""
    tail = t_tail(abs(t), df)
    return 1 - tail if t > 0 else tail


def t_tail(t: float, df: float) -> float:
    """The share above `t` >= 0; keeps its digits where 1 - t_cdf would lose them."""
    if math.isinf(t):
        return 0.0
    square = t * t
    if math.isinf(square):
        return 0.0
    return 0.5 * _beta_share(df / 2, 0.5, df / (df + square), square / (df + square))


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """The value below which a share `p` (0 < p < 1) of Student's t lies."""
    if not 0 < p < 1:
        raise ValueError(f"a quantile is asked for between 0 and 1, not at {p}")
    if p == 0.5:  # noqa: PLR2004 - the middle of a symmetric distribution
        return 0.0
    value = _beyond(min(p, 1 - p), df)
    return value if p > 0.5 else -value  # noqa: PLR2004 - the same middle


def _beyond(share: float, df: float) -> float:
    low, high = 0.0, 1.0
    while t_tail(high, df) > share:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_tail(middle, df) > share else (low, middle)
    return (low + high) / 2


def _beta_share(a: float, b: float, x: float, rest: float) -> float:
    """The regularized incomplete beta function I_x(a, b); `rest` is 1 - x without cancellation."""
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * _log(x, rest) + b * _log(rest, x)
    )
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _continued_fraction(a, b, x) / a
    return 1 - math.exp(log_front) * _continued_fraction(b, a, rest) / b


def _log(x: float, rest: float) -> float:
    """log(x), exact also where x is nearly one."""
    return math.log1p(-rest) if rest < 0.5 else math.log(x)  # noqa: PLR2004 - the nearer end


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Lentz's evaluation of the fraction of the incomplete beta function (DLMF 8.17.22)."""
    ratio_c = 1.0
    ratio_d = 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = ratio_d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            ratio_d = 1 / _nonzero(1 + term * ratio_d)
            ratio_c = _nonzero(1 + term / ratio_c)
            value *= ratio_c * ratio_d
        if abs(ratio_c * ratio_d - 1) < _CONVERGED:
            break
    return value


def _nonzero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
