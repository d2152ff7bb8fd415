"""HOW GOOD IT IS: figures of predictions against what came true. numpy and schemas only."""
