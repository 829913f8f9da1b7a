"""The embedded receiver in two profiles: a real pipeline to measure and audit."""
