"""Parts of benchmarks/correlation.py: the tasks, the learner, the figures and the plot."""
