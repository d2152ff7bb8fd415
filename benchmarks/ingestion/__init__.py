"""What `benchmarks/ingest.py` measures, each part run in an interpreter of its own.

`rows` makes the input and `logs` writes it; `task` says what is wanted; `ours`, `peer` and
`ceiling` turn the logs into examples; `measure` runs one of them and says how long it took and how
much memory it held.
"""
