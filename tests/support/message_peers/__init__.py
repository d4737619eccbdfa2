"""Servers that speak the protocols of those who carry messages."""
