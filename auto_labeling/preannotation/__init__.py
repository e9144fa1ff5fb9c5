"""Predictions as suggestions: which of a model's objects people are shown, and what that saves."""
