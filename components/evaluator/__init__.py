"""Evaluator: how good a model is, beside others, on rows that it did not learn from.

`component` and `executor` are the rim that TFX sees, `settings` what it is told. `scoring` asks the
models (`answers`, `truth`) for a batch at a time, says whose rows these are (`keys`) and what they
are sliced by (`slicing`, `intervals`), and spills them; `tallying` counts a partition of users
(`tallies`), `head_metrics` lets TFMA add up the slices, and `writing` tells their figures.
"""
