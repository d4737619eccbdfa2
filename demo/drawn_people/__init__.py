"""Portraits drawn by code, for the demo, the tests and the load tests.

No real person's picture is used.

`Person.random(seed)` is a person, `draw_portrait(person)` a photo of this person, and
`draw_portrait(person, violation="eyes")` a photo that breaks a rule, `draw_portrait(person, appearance="hijab")` one
that breaks none, of somebody whom rules of thumb forget. `write_y4m` writes a camera
feed for a browser under test.
"""

from demo.drawn_people.appearances import APPEARANCES
from demo.drawn_people.feed import write_y4m
from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_jpeg, draw_portrait
from demo.drawn_people.violations import VIOLATIONS

__all__ = ["APPEARANCES", "VIOLATIONS", "Person", "draw_jpeg", "draw_portrait", "write_y4m"]
