"""How it runs: one YAML in, a TFX pipeline, its runners and the command line."""
