"""Searches on a Ray cluster, in a network of their own: `tox -e ray`."""
