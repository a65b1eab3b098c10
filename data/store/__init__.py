"""The only place that contains SQL."""
