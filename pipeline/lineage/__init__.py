"""From a pushed version back to what made it."""
