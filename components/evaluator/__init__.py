"""Evaluator: how good a model is, beside others, on rows that it did not learn from.

`component`, `executor` are the rim that TFX sees, `settings` what it is told. `scoring` answers
examples in batches and spills them by user, `answers` asks the models, `slicing` names the slices,
`tallying` counts a partition's users, `head_metrics` lets TFMA add up the slices, `writing` tells
the figures.
"""
