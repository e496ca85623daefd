"""The one error of reading exports."""


class UnreadableExportError(Exception):
    """A file that cannot be read as an export; the message says why and what to do."""
