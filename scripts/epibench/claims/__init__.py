"""Claims of the paper as tests that are written down before they are run."""
