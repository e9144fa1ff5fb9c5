"""Active learning by hand: a person at a terminal, a Label Studio project, and a model between."""
