"""Benchmark and audit the receivers of signed webhooks."""

__version__ = "0.1.0"
