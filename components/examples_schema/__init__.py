"""What examples should be like, as an artifact."""
