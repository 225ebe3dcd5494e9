"""Journals on disk: written by one, chained, read by any process, archived behind a checkpoint."""
