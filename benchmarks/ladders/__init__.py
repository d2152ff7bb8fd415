"""The ladder of Ma et al., "Entire Space Multi-Task Model": its data, its methods, its figures."""
