"""Real-name services: they say whether name and number of an identity card belong together, and whether a live face is theirs.

The accounts stand in settings.REAL_NAME_SERVICES, in the order in which they are asked. No answer of theirs is kept.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from capture.sign_in.real_name.alibaba import Alibaba
from capture.sign_in.real_name.base import Service
from capture.sign_in.real_name.simulator import Simulator
from capture.sign_in.real_name.tencent import Tencent

SERVICES: dict[str, type[Service]] = {
    "tencent": Tencent,
    "alibaba": Alibaba,
    "simulator": Simulator,
}


def accounts(*, with_face: bool = False) -> dict[str, Mapping[str, Any]]:
    """{service: its account}, in order. `with_face`: those that look at faces."""
    found: Mapping[str, Mapping[str, Any]] = settings.REAL_NAME_SERVICES
    return {name: account for name, account in found.items() if account.get("face") or not with_face}


def is_simulated() -> bool:
    return "simulator" in settings.REAL_NAME_SERVICES


def title_of(name: str) -> Any:
    return SERVICES[name].title


def service(name: str) -> Service:
    return SERVICES[name](settings.REAL_NAME_SERVICES[name])
