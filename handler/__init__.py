"""The ingest function: everything that runs in Lambda, standard library only.

The construct library imports this package's contract, whose modules ARCHITECTURE.md
names; nothing here ever imports the library.
"""
