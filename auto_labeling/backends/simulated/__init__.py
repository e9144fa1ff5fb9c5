"""People who do not exist, in a labeling tool that does: its state is a file of its own."""
