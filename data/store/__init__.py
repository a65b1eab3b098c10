"""The store: open, load, save. The only place that contains SQL."""
