"""Accounts over HTTP, one module per resource."""
