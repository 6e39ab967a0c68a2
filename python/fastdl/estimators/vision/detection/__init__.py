"""Where objects are in images, and what they are."""
