"""Which features a fitted model relies on."""
