"""Whether two samples are of the same identity: embeddings for verification."""
