"""Judges a model by its gates: blessed or refused."""
