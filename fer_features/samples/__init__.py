"""The table that flows through every pipeline."""
