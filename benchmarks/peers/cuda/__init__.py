"""Training on a GPU, in fastdl and in PyTorch: `python -m peers --device cuda`."""
