"""What became of the scores that were served: hours, figures and alerts."""
