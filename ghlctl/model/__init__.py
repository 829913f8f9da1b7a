"""The values that every other package shares; pure data, no behaviour beyond arithmetic."""
