"""Labeling tools by hand: what a script asks of them without a campaign."""
