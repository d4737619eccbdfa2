// Finds faces in small pictures, beside the page's own thread: BlazeFace short-range (Bazarevsky et al., 2019), read
// from the file that vision/blazeface writes. One message {model, turn} loads it; every {pixels, width, height, turn} (RGBA) is
// answered by {faces, turn}, null before it is loaded; {frame, copies, turn}, a VideoFrame that now belongs to the worker, also by the pixels of its second
// copy: {faces, light, turn}. Faces are places in fractions of the picture, the best first. `turn` comes back as it was sent.
"use strict";

const CORNERS = 4; // numbers of a box before those of its points
const POINTS = 6;
const LEAST_SCORE = 0.5;
const SAME = 0.3; // overlap from which two boxes are one face
const PAGES = 80; // of 64 kB: weights, picture and all layers
const LARGEST = 28; // channels of the pictures of full size
const MIRRORED = [0, 1, 2, 3, 6, 7, 4, 5, 8, 9, 10, 11, 14, 15, 12, 13]; // the numbers of a box whose picture was mirrored
const PART = 0.5; // side of a part over the picture's height
const PARTS = [[0, 0], [1 / 3, 0.5], [1 / 3, 0.25], [0, 0.5], [0, 0.25], [1 / 3, 0]]; // left upper corners
const SURE_OF_OTHERS = 0.7; // enlarged, noise looks like a face now and then
const AROUND = 1.7; // side of the square around the main face over that of its box
const SHIFTS = [[0, 0], [0.06, 0.03], [-0.04, 0.07]]; // of that square, in its sides, by turns

// --- the network --------------------------------------------------------------------------------------------------

// IEEE 754 half precision to single.
function floatsOf(halves) {
  const found = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) {
    const [sign, power, part] = [halves[i] & 0x8000 ? -1 : 1, (halves[i] >> 10) & 31, halves[i] & 1023];
    found[i] = sign * (power ? 2 ** (power - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024));
  }
  return found;
}

// Resolves to a function from a picture (side x side x 3, -1 to 1) to the boxes found in it. What the layers write lies in one
// memory; every picture has a border of zeros, so that squares that reach beyond it need no care.
async function network(file) {
  const length = new DataView(file).getUint32(0, true);
  const { side, stem, blocks, heads, code } = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
  const weights = floatsOf(new Uint16Array(file, 4 + length + Math.ceil(code / 4) * 4));
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const { instance } = await WebAssembly.instantiate(new Uint8Array(file, 4 + length, code), { env: { memory } });
  const { stem: runStem, spread, largest, mix } = instance.exports;
  let taken = 0;
  const room = (floats) => (taken += Math.ceil(floats / 4) * 16) - Math.ceil(floats / 4) * 16;
  const bordered = (size, channels) => {
    const pixel = channels * 4;
    const row = (size + 2) * pixel;
    const corner = room((size + 2) * (size + 2) * channels);
    return { size, channels, corner, first: corner + row + pixel, row, skip: 2 * pixel };
  };
  new Float32Array(memory.buffer, 0, weights.length).set(weights);
  let used = room(weights.length);
  const next = (floats) => (used += floats * 4) - floats * 4;

  const picture = room((side + 3) * (side + 3) * 3);
  const [spreadOut, pooled] = [room((side / 2) ** 2 * LARGEST), room((side / 4) ** 2 * LARGEST)];
  let layer = bordered(side / 2, stem);
  const steps = [];
  const first = [picture, (side + 3) * 12, layer.first, layer.skip, next(75 * stem), next(stem), layer.size];
  steps.push(() => runStem(...first));
  const outputs = blocks.map(([stride, from, to]) => {
    const input = layer;
    layer = bordered(input.size / stride, to);
    const { size } = layer;
    const spreadArguments = [stride === 1 ? input.corner : input.first, input.row, spreadOut, next(9 * from), next(from), size, from, stride];
    const kept = stride === 1 ? [input.first, input.skip] : [pooled, 0];
    const mixed = [spreadOut, 0, layer.first, layer.skip, ...kept, from, next(from * to), next(to), size, size, from, to, 0];
    steps.push(() => {
      if (stride === 2) largest(input.first, input.row, pooled, size, from);
      spread(...spreadArguments);
      mix(...mixed);
    });
    return layer;
  });
  const ends = heads.map(([block, scores, boxes, anchors]) => {
    const { first: input, skip, size, channels } = outputs[block];
    const out = (to) => {
      const at = room(size * size * to);
      const mixed = [input, skip, at, 0, 0, 0, 0, next(channels * to), next(to), size, size, channels, to, -Infinity];
      steps.push(() => mix(...mixed));
      return new Float32Array(memory.buffer, at, size * size * to);
    };
    return [out(scores), out(boxes), size, anchors, side];
  });

  const rows = Array.from({ length: side }, (_, row) => new Float32Array(memory.buffer, picture + ((row + 1) * (side + 3) + 1) * 12, side * 3));
  return (fill) => {
    fill(rows);
    for (const step of steps) step();
    return [].concat(...ends.map((end) => boxesOf(...end)));
  };
}

// --- from numbers to faces ----------------------------------------------------------------------------------------

// The published anchors of the model (mediapipe's face_detection_short_range: strides 8, 16, 16, 16, offset 0.5, fixed
// size): each lies in the middle of its cell, and all numbers count from there in pixels of the input.
function boxesOf(scores, boxes, size, anchors, side) {
  const found = [];
  const [stepOfScores, stepOfBoxes] = [scores.length / (size * size), boxes.length / (size * size)];
  for (let cell = 0; cell < size * size; cell += 1) {
    for (let anchor = 0; anchor < anchors; anchor += 1) {
      const score = 1 / (1 + Math.exp(-scores[cell * stepOfScores + anchor]));
      if (score < LEAST_SCORE) continue;
      const start = cell * stepOfBoxes + anchor * (CORNERS + 2 * POINTS);
      const middle = [((cell % size) + 0.5) / size, (Math.floor(cell / size) + 0.5) / size];
      const numbers = boxes.slice(start, start + CORNERS + 2 * POINTS).map((number) => number / side);
      found.push({ score, numbers: numbers.map((number, i) => (i === 2 || i === 3 ? number : number + middle[i % 2])) });
    }
  }
  return found;
}

// Boxes that overlap are one face, whose numbers are their mean, weighted by the scores.
function merged(found) {
  const rest = [...found].sort((a, b) => b.score - a.score);
  const faces = [];
  while (rest.length) {
    const same = rest.filter((one) => overlap(one.numbers, rest[0].numbers) > SAME);
    const total = same.reduce((sum, one) => sum + one.score, 0);
    const numbers = rest[0].numbers.map((_, i) => same.reduce((sum, one) => sum + one.numbers[i] * one.score, 0) / total);
    faces.push({ score: rest[0].score, numbers });
    for (const one of same) rest.splice(rest.indexOf(one), 1);
    if (!same.length) rest.shift();
  }
  return faces;
}

function overlap([x, y, width, height], [otherX, otherY, otherWidth, otherHeight]) {
  const across = Math.min(x + width / 2, otherX + otherWidth / 2) - Math.max(x - width / 2, otherX - otherWidth / 2);
  const down = Math.min(y + height / 2, otherY + otherHeight / 2) - Math.max(y - height / 2, otherY - otherHeight / 2);
  const common = Math.max(0, across) * Math.max(0, down);
  return common / (width * height + otherWidth * otherHeight - common);
}

// Writes a square of the picture, {x, y, side} in its pixels, into the rows of the network's input: -1 to 1, what lies beyond is
// black. The mean of `taps` x `taps` points; a single one is taken between its neighbours.
function sample({ pixels, width, height }, square, rows, mirrored) {
  const step = square.side / rows.length;
  const taps = Math.round(step);
  const start = mirrored ? square.x + square.side : square.x;
  rows.forEach((out, row) => {
    for (let column = 0, to = 0; column < rows.length; column += 1, to += 3) {
      const x = start + (column + 0.5) * (mirrored ? -step : step) - 0.5;
      const y = square.y + (row + 0.5) * step - 0.5;
      if (taps > 1) average(pixels, width, height, x, y, step, taps, out, to);
      else between(pixels, width, height, x, y, out, to);
    }
  });
}

function average(pixels, width, height, x, y, step, taps, out, to) {
  let [red, green, blue, count] = [0, 0, 0, 0];
  for (let down = 0; down < taps; down += 1) {
    const line = Math.round(y + ((down + 0.5) / taps - 0.5) * step);
    if (line < 0 || line >= height) continue;
    for (let across = 0; across < taps; across += 1) {
      const place = Math.round(x + ((across + 0.5) / taps - 0.5) * step);
      if (place < 0 || place >= width) continue;
      const at = (line * width + place) * 4;
      red += pixels[at];
      green += pixels[at + 1];
      blue += pixels[at + 2];
      count += 1;
    }
  }
  out[to] = count ? red / count / 127.5 - 1 : -1;
  out[to + 1] = count ? green / count / 127.5 - 1 : -1;
  out[to + 2] = count ? blue / count / 127.5 - 1 : -1;
}

function between(pixels, width, height, x, y, out, to) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (left < 0 || top < 0 || left > width - 2 || top > height - 2) {
    out[to] = out[to + 1] = out[to + 2] = -1;
    return;
  }
  const right = x - left;
  const down = y - top;
  const at = (top * width + left) * 4;
  const below = at + width * 4;
  for (let c = 0; c < 3; c += 1) {
    const above = pixels[at + c] + right * (pixels[at + c + 4] - pixels[at + c]);
    const under = pixels[below + c] + right * (pixels[below + c + 4] - pixels[below + c]);
    out[to + c] = (above + down * (under - above)) / 127.5 - 1;
  }
}

// Finds the faces of one picture after another, in three runs of the network a look. Two are for the main face: a square around
// where it was last, once mirrored, because there the points are finer and what the network has for one side goes away in the mean.
// The third is for everybody else, in three looks of four: the whole picture, and twice one of six parts, where somebody farther
// off is large enough to be found; an old phone needs the fourth look's rest to keep five a second. What the other places showed
// last is kept. Where the main face is lost, the whole picture comes at once.
function finder(run) {
  const others = [[], ...PARTS.map(() => [])]; // of the whole picture, and of the parts
  let main = null; // the numbers of the main face
  let recent = []; // those of the last looks, the newest first
  let turn = 0;
  return (picture) => {
    const { width, height } = picture;
    const look = (square, mirrored) => seenIn(run, picture, square, mirrored);
    const seeWhole = () => {
      const side = Math.max(width, height);
      const found = look({ x: (width - side) / 2, y: (height - side) / 2, side });
      const largest = found.reduce((best, face) => (best && best.numbers[2] >= face.numbers[2] ? best : face), null);
      others[0] = found.filter((face) => face !== largest);
      return largest;
    };
    const shift = SHIFTS[turn % SHIFTS.length];
    const isForParts = turn % 2 === 1;
    const isForWhole = turn % 4 === 0;
    let fine = main && !isForWhole ? finer(main, look, shift) : null;
    if (!fine) {
      const largest = seeWhole();
      fine = largest && (finer(largest, look, shift) || largest);
    }
    if (isForParts) {
      const part = (turn >> 1) % PARTS.length;
      const [x, y] = PARTS[part];
      others[part + 1] = look({ x: x * width, y: y * height, side: PART * height }).filter(({ score }) => score > SURE_OF_OTHERS);
    }
    turn += 1;
    const isKnown = fine && main && isSame(fine.numbers, main.numbers);
    main = fine;
    recent = fine ? [fine.numbers, ...(isKnown ? recent : [])].slice(0, SHIFTS.length) : [];
    const faces = main ? [{ score: main.score, numbers: steadied(recent) }] : [];
    for (const face of [].concat(...others)) {
      if (!faces.some((known) => isSame(known.numbers, face.numbers))) faces.push(face);
    }
    return faces.map((face) => described(face, picture));
  };
}

// The face in a square around it, whose middle is shifted; null where it is not there.
function finer(face, look, shift) {
  const [x, y, width, height] = face.numbers;
  const side = Math.max(width, height) * AROUND;
  const square = { x: x + (shift[0] - 0.5) * side, y: y + (shift[1] - 0.5) * side, side };
  const again = [look(square, false), look(square, true)].map((faces) => faces.find((one) => isSame(one.numbers, face.numbers)));
  const [plain, mirrored] = again;
  if (!plain || !mirrored) return plain || null;
  return { score: plain.score, numbers: plain.numbers.map((number, i) => (number + mirrored.numbers[i]) / 2) };
}

// The newest face, its points in the mean shape of the last looks: where a face lies in the network's grid moves each point a
// little, so that the lean of one look is 1.25 degrees off (spread), of three 0.9.
function steadied(recent) {
  const middles = recent.map(middleOf);
  const meanAt = (i) => recent.reduce((sum, numbers, n) => sum + numbers[i] - middles[n][i % 2], 0) / recent.length;
  return recent[0].map((number, i) => (i < CORNERS ? number : middles[0][i % 2] + meanAt(i)));
}

function middleOf(numbers) {
  const middle = [0, 0];
  for (let i = CORNERS; i < numbers.length; i += 1) middle[i % 2] += numbers[i] / POINTS;
  return middle;
}

// Whether the middle of one box lies in the other.
function isSame(one, other) {
  const inside = ([x, y, width, height], [otherX, otherY]) => Math.abs(x - otherX) < width / 2 && Math.abs(y - otherY) < height / 2;
  return inside(one, other) || inside(other, one);
}

// In px of the picture. Mirrored, the points of the left and the right change places.
function seenIn(run, picture, square, mirrored = false) {
  const { x, y, side } = square;
  const placed = (number, i) => (i === 2 || i === 3 ? number * side : i % 2 ? y + number * side : x + (mirrored ? 1 - number : number) * side);
  return merged(run((rows) => sample(picture, square, rows, mirrored))).map(({ score, numbers }) => {
    const places = Array.from(numbers, placed);
    return { score, numbers: mirrored ? MIRRORED.map((i) => places[i]) : places };
  });
}

function described({ score, numbers }, { width, height }) {
  const [x, y, across, down] = numbers;
  const point = (n) => [numbers[CORNERS + 2 * n] / width, numbers[CORNERS + 2 * n + 1] / height];
  const box = { x: (x - across / 2) / width, y: (y - down / 2) / height, width: across / width, height: down / height };
  return { score, box, eyes: [point(0), point(1)], nose: point(2), mouth: point(3), ears: [point(4), point(5)] };
}

// --- messages -----------------------------------------------------------------------------------------------------

let find = null;
const sheets = new Map(); // by their size

// A small copy of a part of a frame, as RGBA: {area: [x, y, width, height] of the frame, width, height, isSmooth}.
function drawn(frame, { area, width, height, isSmooth }) {
  const size = `${width} ${height}`;
  if (!sheets.has(size)) sheets.set(size, new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })); // newer: asked for before
  const sheet = sheets.get(size);
  sheet.imageSmoothingEnabled = isSmooth;
  sheet.drawImage(frame, ...area, 0, 0, width, height);
  return { pixels: sheet.getImageData(0, 0, width, height).data, width, height };
}

async function answer({ data }) {
  try {
    if (data.model) {
      const response = await fetch(data.model);
      if (!response.ok) throw new Error(`the model: ${response.status}`);
      find = finder(await network(await response.arrayBuffer()));
      self.postMessage({ ready: true, turn: data.turn });
    } else if (data.frame) {
      const [small, light] = data.copies.map((copy) => drawn(data.frame, copy));
      data.frame.close();
      self.postMessage({ faces: find && find(small), light: light.pixels, turn: data.turn }, [light.pixels.buffer]);
    } else {
      self.postMessage({ faces: find(data), turn: data.turn });
    }
  } catch (error) {
    self.postMessage({ failed: String(error), turn: data.turn });
  }
}

if (typeof self !== "undefined" && typeof self.postMessage === "function") {
  self.addEventListener("message", answer);
  self.postMessage({ started: true, draws: "OffscreenCanvas" in self });
}
