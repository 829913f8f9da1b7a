"""A HighLevel API v2 that runs on this machine, with a ledger of effects."""
