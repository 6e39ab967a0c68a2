"""What X can be: rows and images, sequences, text; each checked in one place."""
