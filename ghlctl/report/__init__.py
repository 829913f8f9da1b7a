"""One document per run or comparison, one renderer per format."""
