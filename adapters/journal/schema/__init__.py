"""The journal's schema as numbered scripts, up and down."""
