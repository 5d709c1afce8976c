"""The one exception for everything a user can cause."""


class UserError(ValueError):
    """A mistake in the input: a key, a flag, a file or a size.

    The message is one line that names the quantity, quotes the value and says what is allowed.
    The command-line program prints it without a traceback and exits with status 2.
    """
