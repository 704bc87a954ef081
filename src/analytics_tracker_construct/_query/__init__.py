"""What answers queries: Athena or DuckDB, with one kind of result."""
