// What the live picture says about the light and the focus. It looks at a copy 120 x 160 px small, four times a second,
// which the phones of five years ago do without warming up.

const WIDTH = 120;
const HEIGHT = 160;
const PATCH = 128; // px of the camera's own pixels that are looked at for focus
const DARK = 58;
const BRIGHT = 222;
const BEHIND = 62; // the background brighter than the face by more
const SIDE = 0.34; // difference of the two halves of the face over their mean
const BLURRED = 0.53; // gradients over those after a blur: 0.50 is a blurred picture, 0.60 to 0.70 a sharp one

const small = canvas(WIDTH, HEIGHT);
const patch = canvas(PATCH, PATCH);

function canvas(width, height) {
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  return sheet.getContext("2d", { willReadFrequently: true });
}

// `crop` is the part of the video that becomes the photo: {x, y, width, height} in its pixels.
export function look(video, crop, guide) {
  small.drawImage(video, crop.x, crop.y, crop.width, crop.height, 0, 0, WIDTH, HEIGHT);
  const light = luminance(small.getImageData(0, 0, WIDTH, HEIGHT).data);
  return { ...lightOf(light, guide), focus: focusOf(video, crop, guide) };
}

function luminance(pixels) {
  const light = new Uint8Array(pixels.length / 4);
  for (let i = 0, j = 0; i < pixels.length; i += 4, j += 1) light[j] = (pixels[i] * 77 + pixels[i + 1] * 151 + pixels[i + 2] * 28) >> 8;
  return light;
}

// Means inside the oval's left and right half, and of the wall beside the head.
function lightOf(light, guide) {
  const sums = { left: [0, 0], right: [0, 0], wall: [0, 0] };
  const middle = WIDTH / 2;
  for (let y = 0; y < HEIGHT; y += 2) {
    for (let x = 0; x < WIDTH; x += 2) {
      const place = placeOf((x - middle) / WIDTH, y / HEIGHT, guide);
      if (!place) continue;
      sums[place][0] += light[y * WIDTH + x];
      sums[place][1] += 1;
    }
  }
  const mean = ([sum, count]) => (count ? sum / count : 128);
  const left = mean(sums.left);
  const right = mean(sums.right);
  return { face: (left + right) / 2, side: Math.abs(left - right) / Math.max(24, (left + right) / 2), wall: mean(sums.wall) };
}

// guide: {eye, half} as parts of the picture's height and width; the face reaches from above the brows to the chin.
function placeOf(x, y, guide) {
  const down = (y - guide.eye - guide.half * 0.42) / (guide.half * 1.05);
  const across = x / (guide.half * 0.82);
  if (across * across + down * down < 1) return x < 0 ? "left" : "right";
  return y < guide.eye && Math.abs(x) > guide.half * 1.6 ? "wall" : "";
}

function focusOf(video, crop, guide) {
  const side = Math.min(crop.width * guide.half * 1.6, crop.height);
  const x = crop.x + crop.width / 2 - side / 2;
  const y = crop.y + crop.height * guide.eye - side * 0.4;
  patch.drawImage(video, x, y, side, side, 0, 0, PATCH, PATCH);
  const light = luminance(patch.getImageData(0, 0, PATCH, PATCH).data);
  let before = 0;
  let after = 0;
  for (let row = 2; row < PATCH - 2; row += 2) {
    for (let column = 2; column < PATCH - 2; column += 1) {
      const i = row * PATCH + column;
      before += Math.abs(light[i + 1] - light[i]);
      after += Math.abs(light[i + 2] + light[i + 1] - light[i] - light[i - 1]) / 2;
    }
  }
  return after ? before / after : 1;
}

// The names of the sentences to say, the most pressing first.
export function advice(seen, { tilted = false, faces = null } = {}) {
  const found = [];
  if (seen.face < DARK) found.push("dark");
  else if (seen.wall - seen.face > BEHIND && seen.wall > 150) found.push("behind");
  else if (seen.face > BRIGHT) found.push("bright");
  if (seen.side > SIDE) found.push("side");
  if (faces) found.push(faces);
  if (tilted) found.push("tilted");
  if (seen.focus < BLURRED) found.push("blurred");
  return found;
}

// Where the browser has a face detector of its own it is used; nothing is ever downloaded for it.
export function faceWatch() {
  if (!("FaceDetector" in window)) return async () => null;
  const detector = new window.FaceDetector({ fastMode: true, maxDetectedFaces: 3 });
  return async (guide) => {
    try {
      return placeOfFaces(await detector.detect(small.canvas), guide);
    } catch {
      return null;
    }
  };
}

function placeOfFaces(faces, guide) {
  if (!faces.length) return "nobody";
  if (faces.length > 1) return "several";
  const { x, y, width, height } = faces[0].boundingBox;
  const wide = width / WIDTH / (guide.half * 2);
  if (wide > 1.35) return "near";
  if (wide < 0.7) return "far";
  const off = Math.hypot((x + width / 2) / WIDTH - 0.5, (y + height / 2) / HEIGHT - guide.eye - guide.half * 0.3);
  return off > 0.14 ? "fit" : null;
}

// Degrees by which the phone leans to a side, from gravity; null where the browser does not tell.
export function watchLevel(tell) {
  if (!("DeviceMotionEvent" in window) || typeof DeviceMotionEvent.requestPermission === "function") return;
  let smooth = null;
  window.addEventListener("devicemotion", ({ accelerationIncludingGravity: pull }) => {
    if (!pull || pull.x === null) return;
    const turned = ((screen.orientation?.angle ?? 0) * Math.PI) / 180;
    const x = pull.x * Math.cos(turned) - pull.y * Math.sin(turned);
    const y = pull.x * Math.sin(turned) + pull.y * Math.cos(turned);
    if (Math.hypot(x, y) < 4) return; // lying flat: a lean has no meaning
    const lean = (Math.atan2(x, Math.abs(y)) * 180) / Math.PI;
    smooth = smooth === null ? lean : smooth * 0.8 + lean * 0.2;
    tell(smooth);
  });
}
