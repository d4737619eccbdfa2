// The arithmetic of a frame, the same as vision/portrait/head_position.py and borders.py: px of the portrait (480 x 640)
// from px of the photo. A place is {face_width, eye_line, sideways, tilt}; `head` is what the page says of the photo.
export const WIDTH = 480;
export const HEIGHT = 640;
export const NAMES = ["face_width", "eye_line", "sideways", "tilt"];

export const tenth = (value) => Math.round(value * 10) / 10;
export const rounded = (place) => Object.fromEntries(NAMES.map((name) => [name, tenth(place[name])]));
const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const across = ([a, b]) => [b[0] - a[0], b[1] - a[1]];

// {a, b, e, f}: x' = a x + b y + e, y' = -b x + a y + f.
export function matrixOf(head, place) {
  const [dx, dy] = across(head.eyes);
  const turn = Math.atan2(dy, dx) - (place.tilt * Math.PI) / 180;
  const scale = place.face_width / Math.hypot(...across(head.cheeks));
  const a = scale * Math.cos(turn);
  const b = scale * Math.sin(turn);
  const [x, y] = middle(head.eyes);
  return { a, b, e: WIDTH / 2 + place.sideways - a * x - b * y, f: place.eye_line + b * x - a * y, scale };
}

export function project({ a, b, e, f }, [x, y]) {
  return [a * x + b * y + e, a * y - b * x + f];
}

// What is judged of a frame: the place itself, the hair top and the share outside of the photo.
export function numbersOf(head, place) {
  const matrix = matrixOf(head, place);
  return { ...place, hair_top: tenth(project(matrix, head.hair_top)[1]), outside: outsideOf(head, matrix) };
}

function outsideOf(head, { a, b, e, f, scale }) {
  const square = scale * scale;
  const back = ([x, y]) => [(a * (x - e) - b * (y - f)) / square, (b * (x - e) + a * (y - f)) / square];
  const portrait = [[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]].map(back);
  const lost = head.beyond.reduce((sum, [weight, ...box]) => sum + weight * area(clip(portrait, box)), 0);
  return Math.min(1, Math.round((lost * square * 1e4) / (WIDTH * HEIGHT)) / 1e4);
}

// The part of a convex polygon inside a box (Sutherland and Hodgman).
function clip(polygon, [left, top, right, bottom]) {
  const sides = [([x]) => x - left, ([x]) => right - x, ([, y]) => y - top, ([, y]) => bottom - y];
  return sides.reduce((points, inside) => points.flatMap((to, n) => {
    const from = points.at(n - 1);
    const [before, after] = [inside(from), inside(to)];
    const crossing = before < 0 !== after < 0 ? [between(from, to, before / (before - after))] : [];
    return after < 0 ? crossing : [...crossing, to];
  }), polygon);
}

const between = (from, to, part) => [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];

function area(points) {
  const twice = points.reduce((sum, [x, y], n) => sum + points.at(n - 1)[0] * y - x * points.at(n - 1)[1], 0);
  return Math.abs(twice) / 2;
}

// The names of the numbers that leave the standard, but for what the automatic frame could not hold either.
export function brokenOf(head, numbers) {
  const ranges = { ...head.ranges, ...(head.most_outside === null ? {} : { outside: [0, head.most_outside] }) };
  const away = (name, of) => Math.max(ranges[name][0] - of[name], of[name] - ranges[name][1]);
  return Object.keys(ranges).filter((name) => away(name, numbers) > Math.max(0, away(name, head.automatic)));
}

// Moved by (dx, dy) px of the portrait, scaled and turned (degrees clockwise) about the point `about` of the portrait.
export function moved(place, { dx = 0, dy = 0, ratio = 1, turn = 0, about = null }) {
  const eyes = [WIDTH / 2 + place.sideways, place.eye_line];
  const [x, y] = about ?? eyes;
  const [sine, cosine] = [Math.sin((turn * Math.PI) / 180), Math.cos((turn * Math.PI) / 180)];
  const [ox, oy] = [(eyes[0] - x) * ratio, (eyes[1] - y) * ratio];
  return bounded({
    face_width: place.face_width * ratio,
    eye_line: y + sine * ox + cosine * oy + dy,
    sideways: x + cosine * ox - sine * oy + dx - WIDTH / 2,
    tilt: place.tilt + turn,
  });
}

// A good way past the standard, so that one sees where it ends, and never out of sight.
const FAR = { face_width: [120, 420], eye_line: [60, 460], sideways: [-200, 200], tilt: [-30, 30] };
export function bounded(place) {
  return Object.fromEntries(NAMES.map((name) => [name, Math.min(Math.max(place[name], FAR[name][0]), FAR[name][1])]));
}
