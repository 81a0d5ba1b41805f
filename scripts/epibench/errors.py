"""The one exception that stands for bad input."""


class InputError(Exception):
    """Say in one sentence what is wrong with something the user gave.

    The message names the file, the record, the value and the remedy. Command line and rule scripts
    print it without a traceback and exit with 1; every other exception is a defect of Epibench and
    keeps its traceback.
    """
