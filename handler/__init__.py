"""The ingest function: everything that runs in Lambda, standard library only.

The construct library imports this package's contract (`settings`, `columns`,
`limits`, `refusals`, `buckets`); nothing here ever imports the library.
"""
