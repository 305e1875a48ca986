"""Grid and random search with nested, grouped cross-validation."""
