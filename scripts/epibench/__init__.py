"""Train, fairly compare and explain models that predict epigenomic profiles from DNA sequence."""

__version__ = "0.1.0"
