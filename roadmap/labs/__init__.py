"""Experiments that lessons run: each prints what can be measured here."""
