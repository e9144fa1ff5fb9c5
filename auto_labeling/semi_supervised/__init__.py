"""What the unlabeled teach: who proposes labels, which of them are taken, and who says no."""
