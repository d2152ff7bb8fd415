"""Parts of benchmarks/delay.py: clicks with a known law, the methods, and their figures."""
