"""Scalers of arrays of any dimensions, and of sequences."""
