"""The same work in fastdl, PyTorch and scikit-learn, side by side in one process: `make bench`."""
