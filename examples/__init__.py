"""The demo clients and the generator of their exports; see README.md."""
