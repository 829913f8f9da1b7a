"""The load engine: plan, wire loop, recorder, Locust as control plane in a child process."""
