"""Portraits drawn by code: the people of the demo, the tests and the load tests, so that no real person's picture is.

`Person.random(seed)` is somebody, `draw_portrait(person)` a photo of them, `draw_portrait(person, violation="eyes")` a
photo that breaks a rule. `feed.write_y4m` makes a camera feed of them for a browser under test.
"""

from demo.drawn_people.feed import write_y4m
from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_jpeg, draw_portrait
from demo.drawn_people.violations import VIOLATIONS

__all__ = ["VIOLATIONS", "Person", "draw_jpeg", "draw_portrait", "write_y4m"]
