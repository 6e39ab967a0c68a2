"""Networks for images, and networks of layers that users list."""
