"""What the examples of each span hold: samples, rates of labels, values no vocabulary knows."""
