"""Quality of labels by hand: agreement, consensus and label errors, without a campaign."""
