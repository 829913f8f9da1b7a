"""Questions to a receiver, their evidence and their grade."""
