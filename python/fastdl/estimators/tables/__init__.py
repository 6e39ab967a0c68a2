"""The network for tables of numbers and categories."""
