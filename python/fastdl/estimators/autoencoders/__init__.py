"""Networks that learn X itself, and stacks of them."""
