"""Census-Income (KDD): two labels without a funnel, the benchmark of the MMoE paper."""
