"""Converters from public data sets to the logs that a pipeline reads."""
