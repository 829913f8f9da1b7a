"""YAML to a scenario, a scenario to arrivals."""
