"""Prefect flows: what schedules, the Prefect UI and `auto-label` start. They hold no logic."""
