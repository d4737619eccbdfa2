"""What these tests print on: real fonts, real pictures, schools whose season has come that far."""

from tests.support.school_papers import (
    accepted,
    at_the_center,
    fonts,
    jpeg,
    pair,
    printed,
    proofreading,
    proofreading_school,
)

__all__ = ["accepted", "at_the_center", "fonts", "jpeg", "pair", "printed", "proofreading", "proofreading_school"]
