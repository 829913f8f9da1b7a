"""One file per topic; a check is one function."""
