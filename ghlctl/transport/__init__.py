"""How audit, health and monitor reach a receiver; the only importer of httpx."""
