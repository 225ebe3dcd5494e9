"""One exchange a file: what is peculiar to it, hidden from everything above."""
