"""asv benchmarks; `make bench-quick` runs each once."""
