"""The marks that count statements: they change nothing but the count."""

import ast

from tests.support.coverage import Marks, blank

SOURCE = '''"""Words."""
from __future__ import annotations

class Kind:
    """Words."""

    name = "x"

def sign(n):
    global last
    if n > 0:
        last = 1
    elif n < 0:
        last = -1
    else:
        last = 0
    try:
        return 1 / n
    except ZeroDivisionError:
        return 0
    finally:
        last += 0
'''


def test_each_statement_has_its_mark_and_only_what_is_run_is_counted():
    marks = Marks()
    code = compile(marks.visit(ast.parse(SOURCE)), "sample.py", "exec", dont_inherit=True)
    ran = blank(marks.lines)
    sample = {"__ran__": ran}
    exec(code, sample)
    assert sample["sign"](-2) == -0.5
    assert (sample["__doc__"], sample["Kind"].__doc__, sample["last"]) == ("Words.", "Words.", -1)
    statements = {line for line, state in enumerate(ran) if state}
    assert statements == {4, 7, 9, 11, 12, 13, 14, 16, 17, 18, 20, 22}
    assert {line for line, state in enumerate(ran) if state == 1} == statements - {12, 16, 20}
