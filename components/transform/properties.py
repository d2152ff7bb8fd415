"""Custom properties of the transform graph; without TFX, for who only reads them."""

# Spans of the training split, and those among them that had to be read to be analysed.
TRAINED = "spans"
ANALYSED = "spans_analysed"
