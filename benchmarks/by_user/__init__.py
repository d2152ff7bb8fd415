"""Parts of the benchmark of figures by user."""
