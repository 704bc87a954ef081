"""What the documents' figures are made with: `python -m benchmarks.ingest`."""
