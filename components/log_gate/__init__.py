"""Stops a run whose logs are too broken, or cannot be split."""
