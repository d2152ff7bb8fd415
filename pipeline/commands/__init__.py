"""The commands of the command line; each imports what it runs when it is called."""
