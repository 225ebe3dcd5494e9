"""WHAT TO WANT: strategies as YAML files; market view in, signal out."""
