"""What the data is: logs, columns, features, heads and the layout of packed tensors.

This room imports the standard library, pydantic and nothing of ours: no TensorFlow, no Beam.
"""
