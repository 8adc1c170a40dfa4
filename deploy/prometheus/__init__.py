"""Prometheus's configuration and rules, and what holds them to the shop's own table of figures.

Roadmap: observability/prometheus-and-grafana
"""
