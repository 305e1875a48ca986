"""Figures of results and descriptors."""
