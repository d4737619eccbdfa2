// What the live picture says about the place of the head, the light and the focus. It looks at one small copy, five times a
// second, which the phones of five years ago do without warming up. The limits were taken where the engine's lie
// (bench/judging/camera_hints.py).
import { poseOf } from "./pose.js";

const WIDTH = 360;
const HEIGHT = 480;
const ROWS = 346; // of them are looked at: below lies the chest
const STEP = 6; // every sixth pixel is enough to tell light
const GLOW = 92; // the lightest part of the face: dark skin in good light shines at 101 and more
const LIT_WALL = 130; // a wall that is not dark itself
const BLOWN = 235; // a wall so light that the face before it must be dark
const GLOW_BEFORE_BLOWN = 120;
const WHITE = 243;
const BURNT = 0.05; // share of the face that is white
const BRIGHT = 215; // mean of the face
const PLAIN = 36; // eyes, brows and nose make a face range over 70 and more
const INNER = 0.6; // where a narrow face shows no wall beside it
const SIDE = 0.26; // difference of the two halves of the face over their mean
const BLURRED = 0.56; // gradients over those after a blur: 0.50 to 0.55 is a blurred picture, 0.62 to 0.90 a sharp one

// Where the server would reject, in face widths (bench/judging/camera_hints.py): the portrait needs so much room above the eyes, beside
// their middle and below. What is spared between a hint and the server's limit, because six points are not as fine as the
// engine's landmarks.
const [ABOVE, BESIDE, BELOW] = [0.9, 0.56, 1.15];
const WIDEST = 0.65; // of the picture
const SPARE_SIZE = 1.03;
const SPARE_ROLL = 1;
const SPARE_YAW = 1;

const GREEN = 1; // the channel that cameras see most finely
const sheet = Object.assign(document.createElement("canvas"), { width: WIDTH, height: ROWS }).getContext("2d", { willReadFrequently: true });
sheet.imageSmoothingEnabled = false; // averaging pixels would cost a third of all
let places = null; // where face and wall are sampled, for the guide that they were laid out for

// The small copy, as RGBA. `crop` is the part of the video that becomes the photo, {x, y, width, height} in its pixels.
export function pixelsOf(video, crop) {
  const { area } = copyOf(crop);
  sheet.drawImage(video, ...area, 0, 0, WIDTH, ROWS);
  return sheet.getImageData(0, 0, WIDTH, ROWS).data;
}

// The same for who draws it elsewhere: which part of the frame, and how large.
export function copyOf(crop) {
  return { area: [crop.x, crop.y, crop.width, (crop.height * ROWS) / HEIGHT], width: WIDTH, height: ROWS, isSmooth: false };
}

// `pixels` are those of `pixelsOf`, for the same `crop`; `guide` {eye, half} as parts of the picture's height and width; `faces`
// what faceFinder found, null where it found out nothing. With a face, light and focus are read on it, otherwise where the guide
// asks for one.
export function look(pixels, crop, guide, faces = null) {
  const poses = faces && faces.map((face) => poseOf(face, crop)).sort((a, b) => b.width - a.width);
  const head = poses && poses.length ? { eye: poses[0].eye, half: poses[0].across / 2, x: poses[0].x } : { ...guide, x: 0.5 };
  if (!places || ["eye", "half", "x"].some((name) => Math.abs(places[name] - head[name]) > 1 / WIDTH)) places = layOut(head);
  return { ...lightOf(pixels), focus: focusOf(pixels, head), poses };
}

const lightAt = (pixels, i) => (pixels[i] * 77 + pixels[i + 1] * 151 + pixels[i + 2] * 28) >> 8;

// The face reaches from above the brows to the chin; the wall is what lies beside the head and above the eyes.
function layOut({ eye, half, x: middle }) {
  const found = { eye, half, x: middle, left: [], right: [], inner: [], wall: [] };
  for (let row = 0; row < ROWS; row += STEP) {
    for (let column = 0; column < WIDTH; column += STEP) {
      const x = column / WIDTH - middle;
      const y = row / HEIGHT;
      const down = (y - eye - half * 0.42) / (half * 1.05);
      const across = x / (half * 0.82);
      const far = across * across + down * down;
      const name = far < 1 ? (x < 0 ? "left" : "right") : y < eye && Math.abs(x) > half * 1.6 ? "wall" : "";
      if (name) found[name].push((row * WIDTH + column) * 4);
      if (far < INNER) found.inner.push((row * WIDTH + column) * 4);
    }
  }
  return found;
}

function lightOf(pixels) {
  const [left, right, wall] = [places.left, places.right, places.wall].map((at) => meanOf(pixels, at));
  const face = (left + right) / 2;
  return { face, wall, side: Math.abs(left - right) / Math.max(24, face), ...topOf(pixels, places.inner) };
}

function meanOf(pixels, at) {
  let sum = 0;
  for (const i of at) sum += lightAt(pixels, i);
  return at.length ? sum / at.length : 128;
}

// `glow`: what the lightest fiftieth of the face reaches; `range`: from the darkest fiftieth to there; `burnt`: the share that is
// white.
function topOf(pixels, at) {
  const lights = Uint8Array.from(at, (i) => lightAt(pixels, i)).sort();
  const at98 = lights[Math.floor(lights.length * 0.98)];
  const at2 = lights[Math.floor(lights.length * 0.02)];
  return { glow: at98, range: at98 - at2, burnt: lights.filter((light) => light > WHITE).length / lights.length };
}

// Across and down, and the worse of the two: a shaken hand blurs in one direction.
function focusOf(pixels, { eye, half, x }) {
  const side = Math.min(ROWS, Math.max(24, Math.round(WIDTH * half * 1.6)));
  const left = Math.max(0, Math.min(WIDTH - side, Math.round(WIDTH * x - side / 2)));
  const top = Math.max(0, Math.min(ROWS - side, Math.round(HEIGHT * eye - side * 0.4)));
  const light = new Uint8Array(side * side);
  for (let row = 0; row < side; row += 1) {
    let i = ((top + row) * WIDTH + left) * 4 + GREEN;
    for (let j = row * side; j < (row + 1) * side; j += 1, i += 4) light[j] = pixels[i];
  }
  return Math.min(sharpnessAlong(light, side, 1), sharpnessAlong(light, side, side));
}

function sharpnessAlong(light, side, step) {
  let before = 0;
  let after = 0;
  for (let row = 2; row < side - 2; row += 2) {
    for (let column = 2; column < side - 2; column += 1) {
      const i = row * side + column;
      before += Math.abs(light[i + step] - light[i]);
      after += Math.abs(light[i + 2 * step] + light[i + step] - light[i] - light[i - step]) / 2;
    }
  }
  return after ? before / after : 1;
}

// The names of the sentences to say, the one to follow first at the front: come into the picture, stand right, hold the head
// straight, then light and focus. `limits` are the server's rejecting limits by rule, null where one is off.
export function advice(seen, { tilted = false, limits = null } = {}) {
  const { poses } = seen;
  const place = poses && limits ? placeAdvice(poses, limits) : [];
  if (place[0] === "nobody") return [lightAdvice({ ...seen, range: 255 }) === "dark" ? "dark" : "nobody"];
  const light = lightAdvice(seen);
  const found = [...place, poses && light === "fit" ? "" : light, seen.side > SIDE ? "side" : "", tilted ? "tilted" : ""];
  return [...found, seen.focus < BLURRED ? "blurred" : ""].filter(Boolean);
}

function lightAdvice({ glow, range, wall, face, burnt }) {
  if (glow < GLOW) return wall > LIT_WALL ? "behind" : "dark";
  if (range < PLAIN) return "fit";
  if (wall > BLOWN && glow < GLOW_BEFORE_BLOWN) return "behind";
  return burnt > BURNT || face > BRIGHT ? "bright" : "";
}

function placeAdvice([pose, ...others], limits) {
  if (!pose) return ["nobody"];
  const { across, x, above, below } = pose;
  return [
    others.some(({ width }) => width > pose.width * mostOf(limits.one_face)) ? "several" : "",
    pose.width < limits.face_size * SPARE_SIZE ? "far" : across > WIDEST ? "near" : "",
    Math.min(x, 1 - x) < BESIDE * across ? "fit" : "",
    above < ABOVE ? "high" : below < BELOW ? "low" : "",
    Math.abs(pose.roll) > mostOf(limits.roll) - SPARE_ROLL ? "leaning" : "",
    Math.abs(pose.yaw) > mostOf(limits.yaw) - SPARE_YAW ? "turned" : "",
  ].filter(Boolean);
}

const mostOf = (limit) => (limit === null ? Infinity : limit);
