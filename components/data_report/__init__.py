"""Compares the newest span with those before it, and with what was served of it."""
