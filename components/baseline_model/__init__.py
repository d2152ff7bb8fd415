"""Finds the model that a new one must not fall behind."""
