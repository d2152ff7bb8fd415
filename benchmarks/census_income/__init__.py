"""Census-Income (KDD) as the MMoE paper uses it: two groups of two heads, every trunk."""
