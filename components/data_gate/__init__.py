"""Stops a run whose data breaks its schema."""
