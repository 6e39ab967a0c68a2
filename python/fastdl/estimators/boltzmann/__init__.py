"""Restricted Boltzmann machines and deep belief nets."""
