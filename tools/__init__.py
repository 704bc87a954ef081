"""Programs for working on the project, run as `python -m tools.NAME` from its root."""
