"""A simulated shop: logs of a plausible shop, and the true probabilities behind them.

This room knows how shoppers behave and writes what a real shop would log. The truth goes into a
file of its own, so that a model can be judged against what no real shop ever learns. It imports
schemas, numpy and pyarrow; it knows no pipeline, component or model.
"""
