"""What each sender does on the wire. One folder per provider, one line in the catalogue."""
