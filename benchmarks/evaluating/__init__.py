"""Examples whose models answer what stands in them, and ways to evaluate those models."""
