"""Networks for sequences and text."""
