"""Tries a SavedModel before it is pushed."""
