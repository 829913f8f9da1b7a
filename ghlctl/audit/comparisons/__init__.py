"""Finds in source how signatures are compared. Text in, places out; nothing is executed."""
