"""The shell: one file per command, no business rule, heavy imports inside the command."""
