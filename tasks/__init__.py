"""Prefect tasks: each is one library call on a campaign that it opens by its id."""
