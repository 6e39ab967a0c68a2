"""Images enlarged: super-resolution."""
