"""Kernel ridge classification."""
