"""Samples, effects and findings to statements; pure, and repeatable on any stored run."""
