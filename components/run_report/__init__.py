"""The page that says what a run came to, and what it was made from."""
