"""SQL over the stored events: tables, views and queries, without AWS or the CDK."""
