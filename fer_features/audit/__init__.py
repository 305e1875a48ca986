"""Checks of whether a score can be trusted."""
