"""What the benchmarks of learning share: arrays in memory to models, and results that are kept."""
