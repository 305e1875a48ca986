"""Kernel ridge classification with an optional mirror-invariant kernel."""
