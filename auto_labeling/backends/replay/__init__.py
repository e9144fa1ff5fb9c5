"""People who did exist: what they once said, asked for again."""
