"""What a labeling tool calls: predictions of the newest model, training, and hints to look."""
