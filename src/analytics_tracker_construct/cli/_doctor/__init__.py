"""The checks of `analytics-tracker doctor`."""
