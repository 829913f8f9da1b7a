"""Runs, baselines and keys on disk."""
