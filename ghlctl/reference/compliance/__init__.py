"""What the law asks of a receiver: a record, silence in logs, consent, erasure, export."""
