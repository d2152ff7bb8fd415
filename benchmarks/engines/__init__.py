"""The same steps on Beam's engines, and whether they come to the same."""
