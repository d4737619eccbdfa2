"""What these tests print on: real fonts, real pictures, schools whose season has come that far."""

from tests.support.school_papers import accepted, fonts, jpeg, pair, printed, proofreading

__all__ = ["accepted", "fonts", "jpeg", "pair", "printed", "proofreading"]
