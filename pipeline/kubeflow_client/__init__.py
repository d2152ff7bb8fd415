"""Asks a Kubeflow Pipelines server: runs, schedules and what became of them."""
