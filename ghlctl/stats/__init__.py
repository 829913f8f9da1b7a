"""Numbers in, numbers out; knows nothing of webhooks."""
