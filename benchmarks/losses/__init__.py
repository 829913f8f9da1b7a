"""Faults done to a running receiver, and what became of every delivery meanwhile."""
