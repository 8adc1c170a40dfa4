"""Buying over HTTP, one module for each resource. Each write is: check the shape, call one function, answer."""
