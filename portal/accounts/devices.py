"""What a browser calls itself, in a few words. It may say anything: a help for the memory, no proof."""

import re

# The first that fits. Browsers name those that they descend from, so the special ones come first.
BROWSERS = {
    "MicroMessenger": "微信 WeChat",
    "DingTalk": "钉钉 DingTalk",
    r"Edg(?:e|A|iOS)?/": "Edge",
    "QQBrowser": "QQ",
    "360SE|360EE|QihooBrowser": "360",
    r"OPR/": "Opera",
    "Firefox|FxiOS": "Firefox",
    "Chrome|CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "OpenHarmony|HarmonyOS": "HarmonyOS",
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Macintosh|Mac OS X": "macOS",
    "Linux|X11": "Linux",
}


def device_of(user_agent: str) -> str:
    """Such as "Edge · Windows"; empty for what is not known."""
    found = [_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)]
    return " · ".join(filter(None, found))


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for pattern, name in names.items() if re.search(pattern, user_agent)), "")
