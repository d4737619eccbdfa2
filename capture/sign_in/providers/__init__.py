"""The ways to sign in. Each module of this package has one, named `PROVIDER`; nothing else names it."""

import pkgutil
from functools import cache
from importlib import import_module

from capture.sign_in.providers.base import Provider

PARTS = ("base",)  # what providers share


@cache
def all_providers() -> dict[str, Provider]:
    """{name: provider} of every module of this package, the weakest first."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in PARTS)
    found = [import_module(f"{__name__}.{name}").PROVIDER for name in names]
    order = [value for value, _label in type(found[0].strength).choices]
    return {each.name: each for each in sorted(found, key=lambda each: (order.index(each.strength), each.name))}
