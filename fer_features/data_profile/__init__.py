"""Statistics and findings of a data set before training."""
