"""One choice at a time: what each interaction, balance and objective does to the same model."""
