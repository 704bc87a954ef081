"""Made-up traffic: what the demonstration, the load test and the benchmarks send."""
