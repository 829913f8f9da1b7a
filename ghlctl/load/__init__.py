"""The load engine: plan, wire loop, recorder, Locust control plane, processes."""
