"""The book: everything an instance knows of its money. Its state, the fold that changes it, and the chapters."""
