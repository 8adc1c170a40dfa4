"""Accounts as clients see them, one module per resource."""
