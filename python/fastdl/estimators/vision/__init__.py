"""Estimators whose answer to an image is more than a class or a number."""
