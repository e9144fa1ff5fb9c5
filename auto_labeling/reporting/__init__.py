"""What people read about a campaign: its statement in words, tables and curves."""
