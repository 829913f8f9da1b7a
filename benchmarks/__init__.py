"""What the load engine costs and how true it is, measured: `python -m benchmarks.throughput`."""
