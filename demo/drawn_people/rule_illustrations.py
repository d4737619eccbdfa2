"""The illustrations of the photo rules: small SVG drawings of a person, right and wrong.

`python -m demo.drawn_people.rule_illustrations` writes them to static/rules/. `NAME.svg` shows the
mistake (120 x 160), `NAME-pair.svg` the right photo beside it (256 x 160), `right.svg` the right
photo alone. They have a background of their own, so they fit both themes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

SKY, INK, WHITE = "#64c5ff", "#0b3a5b", "#fff"
SKIN, SKIN_DEEP, HAIR, LIP = "#f6cfae", "#e9b48d", "#22303a", "#c0615a"
GREEN, RED, AMBER = "#2f8f5b", "#d6483d", "#e0a526"


@dataclass(frozen=True)
class Figure:
    """The person in one illustration.

    `over` and `under` are SVG in front of or behind the person.
    """

    ground: str = SKY
    coat: str = INK
    tilt: int = 0
    turn: int = 0
    scale: float = 1.0
    eyes: str = "open"
    mouth: str = "closed"
    fringe: bool = False
    side_hair: bool = False
    glasses: str = ""
    shirt: bool = True
    skin: str = SKIN
    filter: str = ""
    under: str = ""
    over: str = ""
    defs: str = field(default="")


def line(path: str, colour: str = INK, width: float = 2.4, extra: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"{extra}/>'


def shape(path: str, colour: str, extra: str = "") -> str:
    return f'<path d="{path}" fill="{colour}"{extra}/>'


def disc(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>'


def body(figure: Figure) -> str:
    """Shoulders, neck and collar."""
    parts = [shape("M14 160v-8c0-16 15-25 32-29h28c17 4 32 13 32 29v8z", figure.coat)]
    parts.append(shape("M50 98h20v22c0 5-4.500 9-10 9s-10-4-10-9z", SKIN_DEEP if figure.skin == SKIN else figure.skin))
    if figure.shirt:
        parts.append(shape("M47 121l13 13 13-13 4 3-8 18-9-7-9 7-8-18z", WHITE))
    return "".join(parts)


def eye(x: float, state: str) -> str:
    """One eye."""
    if state == "closed":
        return line(f"M{x - 5} 77q5 4 10 0", HAIR, 2.2)
    white = f'<ellipse cx="{x}" cy="77" rx="5.200" ry="3.600" fill="{WHITE}"/>'
    shift = 3.0 if state == "aside" else 0
    return white + disc(x + shift, 77, 3.4 if state == "red" else 2.5, RED if state == "red" else HAIR)


def mouth(state: str) -> str:
    """The mouth."""
    if state == "open":
        return shape("M50 98q10 -3 20 0q-2 11-10 11t-10-11z", "#7d2f2d") + shape(
            "M52 98.500q8-2 16 0l-1 3.500h-14z", WHITE
        )
    if state == "smile":
        return line("M48 97q12 10 24 0", LIP, 2.8)
    return line("M53 99.500q7 1.800 14 0", LIP, 2.6)


def glasses(kind: str) -> str:
    """Glasses: clear, tinted or reflecting."""
    if not kind:
        return ""
    fill = {"tinted": "#1c2429", "glare": "#fff", "clear": "none"}[kind]
    opacity = {"tinted": 0.86, "glare": 0.25, "clear": 1}[kind]
    lenses = "".join(
        f'<rect x="{x}" y="70" width="17" height="14" rx="5" fill="{fill}" fill-opacity="{opacity}" stroke="{HAIR}" stroke-width="2"/>'
        for x in (41, 62)
    )
    glare = "".join(shape(f"M{x} 71h6l-5 12h-5z", WHITE) for x in (46, 67)) if kind == "glare" else ""
    return lenses + glare + line("M58 76q2-2 4 0M41 76l-6-1.500M79 76l6-1.500", HAIR, 2)


def head(figure: Figure) -> str:
    """Ears, face, hair and features; `turn` slides the features to one side."""
    back = (
        shape("M33 74c-4-30 12-42 27-42s31 12 27 42c0 26 4 36 4 52h-62c0-16 4-26 4-52z", HAIR)
        if figure.side_hair
        else ""
    )
    ears = (
        ""
        if figure.side_hair
        else f'<ellipse cx="35" cy="80" rx="4.500" ry="7.500" fill="{SKIN_DEEP}"/><ellipse cx="85" cy="80" rx="4.500" ry="7.500" fill="{SKIN_DEEP}"/>'
    )
    face = shape("M36 72c0-20 10-30 24-30s24 10 24 30c0 25-10 42-24 42s-24-17-24-42z", figure.skin)
    hair = shape("M34 72c-3-26 8-39 26-39s29 13 26 39l-3-2c-1-9-4-15-9-18-9 3-22 3-29-1-5 4-7 10-8 19z", HAIR)
    brows = line("M42 69q5-3.500 11-1M67 68q6-2.500 11 1", HAIR, 2.4)
    nose = line("M60 80l-3 9.500h5", "#d39a72", 2)
    features = (
        brows + eye(48.5, figure.eyes) + eye(71.5, figure.eyes) + nose + mouth(figure.mouth) + glasses(figure.glasses)
    )
    if figure.turn:
        features = f'<g transform="translate({figure.turn} 0)">{features}</g>'
    fringe = (
        shape("M34 74c-3-28 8-41 26-41s29 13 26 41l-4-3-3 5-5-6-5 6-5-6-5 7-5-7-5 6-5-6-5 5-3-5z", HAIR)
        if figure.fringe
        else ""
    )
    locks = (
        shape(
            "M33 66c2-8 5-13 8-16 3 12 2 34-2 50-6-8-8-20-6-34zM87 66c-2-8-5-13-8-16-3 12-2 34 2 50 6-8 8-20 6-34z",
            HAIR,
        )
        if figure.side_hair
        else ""
    )
    inner = back + ears + face + features + hair + fringe + locks
    return f'<g transform="rotate({figure.tilt} 60 118)">{inner}</g>' if figure.tilt else inner


def picture(figure: Figure, name: str) -> str:
    """The framed picture without its badge; `name` keeps ids apart."""
    person = figure.under + body(figure) + head(figure)
    if figure.scale != 1:
        x, y = 60 * (1 - figure.scale), (84 if figure.scale > 1 else 160) * (1 - figure.scale)
        person = f'<g transform="translate({x:.1f} {y:.1f}) scale({figure.scale})">{person}</g>'
    scene = f'<rect width="120" height="160" fill="{figure.ground}"/>{person}'
    if figure.filter:
        scene = f'<filter id="{name}-f" x="0" y="0" width="1" height="1">{figure.filter}</filter><g filter="url(#{name}-f)">{scene}</g>'
    clip = f'<clipPath id="{name}-c"><rect width="120" height="160" rx="10"/></clipPath>'
    edge = '<rect x=".75" y=".75" width="118.500" height="158.500" rx="9.250" fill="none" stroke="#0b3a5b" stroke-opacity=".28" stroke-width="1.500"/>'
    return f'{figure.defs}{clip}<g clip-path="url(#{name}-c)">{scene}{figure.over}</g>{edge}'


def badge(right: bool) -> str:
    """Tick or cross in the corner: form as well as colour."""
    mark = "M96.500 141l4.500 4.500 8.500-9" if right else "M98 136.500l9 9M107 136.500l-9 9"
    return disc(102.5, 141, 13, WHITE) + disc(102.5, 141, 11, GREEN if right else RED) + line(mark, WHITE, 3)


def brows_line(colour: str = WHITE) -> str:
    return line("M6 77h12M102 77h12M6 38h12M102 38h12", colour, 2.2)


SHINE = shape(
    "M40 86a7 5 0 1 0 14 0a7 5 0 1 0-14 0zM53 56a8 5 0 1 0 16 0a8 5 0 1 0-16 0zM68 88a6 4 0 1 0 12 0a6 4 0 1 0-12 0z",
    WHITE,
    ' opacity=".85"',
)
CHECKS = line(
    "".join(f"M{x} 118v42" for x in range(18, 106, 8)) + "".join(f"M14 {y}h92" for y in range(126, 160, 8)),
    WHITE,
    2.2,
    ' stroke-opacity=".9"',
)
SECOND = '<g transform="translate(62 34) scale(.82)">' + body(Figure(coat="#7a3b4a")) + head(Figure()) + "</g>"
SCREEN = (
    '<rect x="5" y="5" width="110" height="150" rx="14" fill="none" stroke="#14202a" stroke-width="12"/>'
    + line("".join(f"M12 {y}h96" for y in range(16, 150, 5)), INK, 1.2, ' stroke-opacity=".28"')
    + line("M52 6h16", "#5b6b76", 2.4)
)
PRINT = (
    '<path d="M0 0h120v160H0zM18 14l88 5-6 128-88-6z" fill="#8a6a4c" fill-rule="evenodd"/>'
    '<path d="M18 14l88 5-6 128-88-6z" fill="none" stroke="#fff" stroke-width="6" stroke-linejoin="round"/>'
)
HALF_SHADE = '<path d="M60 0h60v160H60z" fill="#06202f" fill-opacity=".62"/>'
CAP = shape("M31 62c-1-24 11-37 29-37s30 13 29 37c-18-7-40-7-58 0z", "#c9473e") + shape(
    "M30 62c18-9 42-9 60 0 6 3 8 6 7 8-22-9-52-9-74 0-1-2 1-5 7-8z", "#a5332c"
)
MASK = (
    shape(
        "M38 86c14-6 30-6 44 0 0 14-7 28-22 30-15-2-22-16-22-30z", "#eef7fb", ' stroke="#9cc3d6" stroke-width="1.500"'
    )
    + line("M42 94q18 6 36 0M45 102q15 5 30 0", "#9cc3d6", 1.6)
    + line("M38 87l-4-6M82 87l4-6", "#eef7fb", 2)
)
NECKLACE = line("M46 123q14 15 28 0", AMBER, 2.4) + disc(60, 132, 3, AMBER)
EARRINGS = disc(34, 92, 3.6, AMBER) + disc(86, 92, 3.6, AMBER) + NECKLACE
ROOM = '<path d="M8 18h30v44H8z" fill="#fff" opacity=".85"/><path d="M22 18v44M8 40h30" stroke="#7fa8bd" stroke-width="2.500"/><path d="M92 26h22v8H92zM92 48h22v8H92z" fill="#7b5b41"/><path d="M95 14h5v12h-5zM101 16h4v10h-4zM107 13h5v13h-5z" fill="#d6483d"/><path d="M96 36h4v12h-4zM103 38h5v10h-5z" fill="#2f8f5b"/>'
SPARKLES = (
    line("M28 42v12M22 48h12M94 58v9M89.500 62.500h9M88 30v7M84.500 33.500h7", WHITE, 2.4)
    + '<ellipse cx="46" cy="92" rx="7" ry="4.500" fill="#ff9fb0" opacity=".8"/><ellipse cx="74" cy="92" rx="7" ry="4.500" fill="#ff9fb0" opacity=".8"/>'
)
TWINS = '<rect width="120" height="160" fill="#e7eef2"/>' + "".join(
    f'<g transform="translate({x} {y}) scale(.5)"><rect width="120" height="160" rx="10" fill="{SKY}"/>{body(Figure())}{head(Figure())}'
    '<rect width="120" height="160" rx="10" fill="none" stroke="#0b3a5b" stroke-width="4"/></g>'
    for x, y in ((12, 14), (46, 50))
)
TORN = (
    '<path d="M0 0h120v160H0z" fill="#e7eef2"/>'
    + line("M30 56h60v56l-18-16-14 14-14-16-14 12z", "#7f95a3", 4)
    + disc(76, 74, 6, "#7f95a3")
)
CUT_AT_COLLAR = '<path d="M0 119h120v41H0z" fill="#e7eef2"/>' + line(
    "M0 119h120", "#7f95a3", 2, ' stroke-dasharray="6 5"'
)
BLUR = '<feGaussianBlur stdDeviation="3.2"/>'
GREY = '<feColorMatrix type="saturate" values="0"/>'
DARK = '<feComponentTransfer><feFuncR type="linear" slope=".28"/><feFuncG type="linear" slope=".3"/><feFuncB type="linear" slope=".34"/></feComponentTransfer>'
BRIGHT = '<feComponentTransfer><feFuncR type="linear" slope="1.3" intercept=".26"/><feFuncG type="linear" slope="1.25" intercept=".3"/><feFuncB type="linear" slope="1.2" intercept=".3"/></feComponentTransfer>'
ROUGH = line(
    "M34 66l-6-4M33 56l-7-6M38 45l-6-8M47 36l-4-9M60 33v-10M73 36l4-9M82 45l6-8M87 56l7-6M86 66l6-4", HAIR, 2.2
)
TALL_HAIR = shape("M34 62c-8-34-2-60 26-60s34 26 26 60z", HAIR)

EMPTY = f'<rect width="120" height="160" fill="{SKY}"/>' + line(
    "M60 42c14 0 24 10 24 30 0 25-10 42-24 42s-24-17-24-42c0-20 10-30 24-30zM14 160v-8c0-16 15-25 32-29M74 123c17 4 32 13 32 29v8",
    WHITE,
    3,
    ' stroke-dasharray="2 8"',
)

RIGHT = Figure(over=brows_line())
WRONG: dict[str, Figure] = {
    "one_face": Figure(under=SECOND),
    "nobody": Figure(over=EMPTY),
    "face_size": Figure(scale=0.5),
    "too_close": Figure(scale=1.62),
    "framing": Figure(under=TALL_HAIR, over=line("M6 38h108", WHITE, 2, ' stroke-dasharray="5 5"')),
    "roll": Figure(tilt=15, over=line("M10 90L110 64", WHITE, 2, ' stroke-dasharray="5 5"')),
    "yaw": Figure(turn=7),
    "pitch": Figure(over=line("M60 150v-22M53 134l7-8 7 8", WHITE, 3)),
    "shoulders": Figure(),
    "sharpness": Figure(filter=BLUR),
    "side_light": Figure(over=HALF_SHADE),
    "overexposed": Figure(filter=BRIGHT),
    "underexposed": Figure(filter=DARK),
    "face_glare": Figure(over=SHINE),
    "red_eye": Figure(eyes="red"),
    "eyes": Figure(eyes="closed"),
    "gaze": Figure(eyes="aside"),
    "mouth": Figure(mouth="open"),
    "smile": Figure(mouth="smile"),
    "fringe": Figure(fringe=True),
    "ears": Figure(side_hair=True),
    "necklace": Figure(over=NECKLACE),
    "lens_glare": Figure(glasses="glare"),
    "tinted_lens": Figure(glasses="tinted"),
    "head_cover": Figure(over=CAP),
    "ornaments": Figure(over=EARRINGS),
    "mask": Figure(over=MASK),
    "clothes_background": Figure(coat="#8fd6ff", shirt=False),
    "clothes_seen": Figure(over=CUT_AT_COLLAR),
    "blue_top": Figure(coat="#2b62d9", shirt=False),
    "pattern": Figure(coat="#a5332c", shirt=False),
    "background": Figure(ground="#d8c9b4", under=ROOM),
    "screen": Figure(over=SCREEN),
    "print_edge": Figure(over=PRINT),
    "beautified": Figure(skin="#ffe4d6", over=SPARKLES),
    "colour": Figure(filter=GREY),
    "unreadable": Figure(over=TORN),
    "upright": Figure(),
    "incomplete": Figure(over='<path d="M0 92h120v68H0z" fill="#808080"/>'),
    "duplicate": Figure(over=TWINS),
    "same_person": Figure(over=TWINS),
    "same_face": Figure(over=TWINS),
    "live": Figure(over=PRINT),
    "edge": Figure(over=ROUGH),
}
# The model beside the mistake, where it is not the plain one.
BESIDE: dict[str, Figure] = {
    "lens_glare": replace(RIGHT, glasses="clear"),
    "tinted_lens": replace(RIGHT, glasses="clear"),
}


def draw_rule(name: str, figure: Figure) -> str:
    """The illustration of one mistake.

    Some need more than a figure: a pattern on the clothes, a distortion.
    """
    if name == "pattern":
        clip = '<clipPath id="top"><path d="M14 160v-8c0-16 15-25 32-29h28c17 4 32 13 32 29v8z"/></clipPath>'
        checks = f'{clip}<g clip-path="url(#top)">{CHECKS}</g>' + shape(
            "M50 112h20v8c0 5-4.500 9-10 9s-10-4-10-9z", SKIN_DEEP
        )
        figure = replace(figure, over=checks)
    if name == "shoulders":
        person = f'<g transform="rotate(-11 60 150)">{body(figure)}</g>{head(figure)}'
        figure = replace(figure, over=f'<rect width="120" height="160" fill="{SKY}"/>{person}')
    if name == "upright":
        person = f'<g transform="rotate(-90 60 80) translate(0 -20)">{body(figure)}{head(figure)}</g>'
        figure = replace(figure, over=f'<rect width="120" height="160" fill="{SKY}"/>{person}')
    if name == "pitch":
        raised = f'<g transform="translate(0 -6)">{head(figure)}</g>'
        tipped = (
            raised.replace('cy="77"', 'cy="70"')
            .replace("M42 69q5-3.500 11-1M67 68q6-2.500 11 1", "M42 61q5-3.500 11-1M67 60q6-2.500 11 1")
            .replace("M60 80l-3 9.500h5", "M60 72l-3 6h5")
            .replace("M53 99.500q7 1.800 14 0", "M53 90q7 1.800 14 0")
        )
        under_chin = shape("M44 96q16 14 32 0q-4 15-16 15t-16-15z", SKIN_DEEP)
        figure = replace(
            figure, over=f'<rect width="120" height="160" fill="{SKY}"/>{body(figure)}{tipped}{under_chin}{figure.over}'
        )
    return picture(figure, name)


def svg(width: int, inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 160" width="{width}" height="160">{inner}</svg>\n'


def draw_all() -> dict[str, str]:
    """File name to SVG text of every drawing."""
    files = {"right.svg": svg(120, picture(RIGHT, "right") + badge(True))}
    for name, figure in WRONG.items():
        wrong = draw_rule(name, figure) + badge(False)
        model = picture(BESIDE.get(name, RIGHT), "model") + badge(True)
        files[f"{name}.svg"] = svg(120, wrong)
        files[f"{name}-pair.svg"] = svg(256, f'{model}<g transform="translate(136 0)">{wrong}</g>')
    return files


def write(folder: Path) -> list[Path]:
    """Write every drawing into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in draw_all()]
    for path in paths:
        path.write_text(draw_all()[path.name], encoding="utf-8")
    return paths


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2] / "static" / "rules")
