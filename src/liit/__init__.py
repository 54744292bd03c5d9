"""LiIT-Bench: which samples should a vision-language model train on next?"""

__version__ = "0.1.0"
