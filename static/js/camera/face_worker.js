// Finds faces in small pictures, beside the page's own thread: BlazeFace short-range (Bazarevsky et al., 2019), read
// from the file that vision/blazeface.py writes. One message {model} loads it; every {pixels, width, height} (RGBA) is
// answered by {faces}: places in fractions of the picture, the best first.
"use strict";

const CORNERS = 4; // numbers of a box before those of its points
const POINTS = 6;
const LEAST_SCORE = 0.5;
const SAME = 0.3; // overlap from which two boxes are one face
const AROUND = 1.7; // side of the second look's square over that of the face's box

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

function network(file) {
  const length = new DataView(file).getUint32(0, true);
  const { side, stem, blocks, heads } = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
  const weights = floatsOf(new Uint16Array(file, 4 + length));
  let used = 0;
  const next = (count) => weights.subarray(used, (used += count));
  const first = { kernel: next(25 * 3 * stem), bias: next(stem) };
  const body = blocks.map(([stride, from, to]) => ({
    stride,
    from,
    to,
    spread: next(9 * from),
    spreadBias: next(from),
    kernel: next(from * to),
    bias: next(to),
  }));
  const ends = heads.map(([block, scores, boxes, anchors]) => {
    const channels = blocks[block][2];
    return {
      block,
      anchors,
      scores: { kernel: next(channels * scores), bias: next(scores) },
      boxes: { kernel: next(channels * boxes), bias: next(boxes) },
    };
  });
  return (input) => {
    let size = side / 2;
    let layer = convolveFirst(input, side, stem, first);
    const found = [];
    body.forEach((block, index) => {
      layer = runBlock(layer, size, block);
      size /= block.stride;
      for (const end of ends.filter((one) => one.block === index)) {
        const [scores, boxes] = [end.scores, end.boxes].map(({ kernel, bias }) => mix(layer, size * size, kernel, bias));
        found.push(...boxesOf(scores, boxes, size, end.anchors, side));
      }
    });
    return found;
  };
}

// 5 x 5, every second pixel. The picture goes on as zeros: one before it, two after it.
function convolveFirst(input, side, channels, { kernel, bias }) {
  const half = side / 2;
  const out = new Float32Array(half * half * channels);
  for (let y = 0; y < half; y += 1) {
    for (let x = 0; x < half; x += 1) {
      const to = (y * half + x) * channels;
      out.set(bias, to);
      for (let row = Math.max(0, 2 * y - 1); row < Math.min(side, 2 * y + 4); row += 1) {
        for (let column = Math.max(0, 2 * x - 1); column < Math.min(side, 2 * x + 4); column += 1) {
          let at = ((row - 2 * y + 1) * 5 + column - 2 * x + 1) * 3 * channels;
          const from = (row * side + column) * 3;
          const [red, green, blue] = [input[from], input[from + 1], input[from + 2]];
          for (let c = 0; c < channels; c += 1, at += 1) {
            out[to + c] += red * kernel[at] + green * kernel[at + channels] + blue * kernel[at + 2 * channels];
          }
        }
      }
    }
  }
  for (let i = 0; i < out.length; i += 1) if (out[i] < 0) out[i] = 0;
  return out;
}

// A 3 x 3 convolution of each channel, a mix of channels, and the input (made smaller, channels added as zeros) on top.
function runBlock(input, size, { stride, from, to, spread, spreadBias, kernel, bias }) {
  const out = mix(spreadChannels(input, size, from, stride, spread, spreadBias), (size / stride) ** 2, kernel, bias);
  const kept = stride === 1 ? input : largest(input, size, from);
  for (let pixel = 0, i = 0, j = 0; i < kept.length; pixel += 1, j = pixel * to) {
    for (let c = 0; c < from; c += 1, i += 1, j += 1) out[j] += kept[i];
  }
  for (let i = 0; i < out.length; i += 1) if (out[i] < 0) out[i] = 0;
  return out;
}

function spreadChannels(input, size, channels, stride, kernel, bias) {
  const half = size / stride;
  const out = new Float32Array(half * half * channels);
  const before = stride === 1 ? 1 : 0;
  for (let y = 0; y < half; y += 1) {
    for (let x = 0; x < half; x += 1) {
      const to = (y * half + x) * channels;
      out.set(bias, to);
      for (let row = 0; row < 3; row += 1) {
        const down = y * stride + row - before;
        if (down < 0 || down >= size) continue;
        for (let column = 0; column < 3; column += 1) {
          const across = x * stride + column - before;
          if (across < 0 || across >= size) continue;
          const from = (down * size + across) * channels;
          const at = (row * 3 + column) * channels;
          for (let c = 0; c < channels; c += 1) out[to + c] += input[from + c] * kernel[at + c];
        }
      }
    }
  }
  return out;
}

function largest(input, size, channels) {
  const half = size / 2;
  const out = new Float32Array(half * half * channels);
  for (let y = 0; y < half; y += 1) {
    for (let x = 0; x < half; x += 1) {
      const from = (2 * y * size + 2 * x) * channels;
      const below = from + size * channels;
      const to = (y * half + x) * channels;
      for (let c = 0; c < channels; c += 1) {
        const above = Math.max(input[from + c], input[from + channels + c]);
        out[to + c] = Math.max(above, input[below + c], input[below + channels + c]);
      }
    }
  }
  return out;
}

// Every pixel's channels times the kernel (channels in x channels out, a multiple of four).
function mix(input, pixels, kernel, bias) {
  const to = bias.length;
  const from = kernel.length / to;
  const out = new Float32Array(pixels * to);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const start = pixel * from;
    for (let c = 0; c < to; c += 4) {
      let [a, b, d, e] = [bias[c], bias[c + 1], bias[c + 2], bias[c + 3]];
      for (let i = 0, at = c; i < from; i += 1, at += to) {
        const value = input[start + i];
        a += value * kernel[at];
        b += value * kernel[at + 1];
        d += value * kernel[at + 2];
        e += value * kernel[at + 3];
      }
      const at = pixel * to + c;
      out[at] = a;
      out[at + 1] = b;
      out[at + 2] = d;
      out[at + 3] = e;
    }
  }
  return out;
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

// A square of the picture, {x, y, side} in its pixels, as the network's input: -1 to 1, what lies beyond is black.
// Bilinear; a square of more than twice the input's size is averaged over the pixels between.
function sampled({ pixels, width, height }, square, side) {
  const input = new Float32Array(side * side * 3).fill(-1);
  const step = square.side / side;
  const taps = Math.max(1, Math.round(step));
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const to = (row * side + column) * 3;
      let [red, green, blue, count] = [0, 0, 0, 0];
      for (let tap = 0; tap < taps * taps; tap += 1) {
        const x = square.x + (column + ((tap % taps) + 0.5) / taps) * step - 0.5;
        const y = square.y + (row + (Math.floor(tap / taps) + 0.5) / taps) * step - 0.5;
        if (x <= -0.5 || y <= -0.5 || x >= width - 0.5 || y >= height - 0.5) continue;
        const left = Math.min(width - 2, Math.max(0, Math.floor(x)));
        const top = Math.min(height - 2, Math.max(0, Math.floor(y)));
        const [right, down] = [Math.min(1, Math.max(0, x - left)), Math.min(1, Math.max(0, y - top))];
        const at = (top * width + left) * 4;
        const below = at + width * 4;
        const [a, b, c, d] = [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down];
        red += a * pixels[at] + b * pixels[at + 4] + c * pixels[below] + d * pixels[below + 4];
        green += a * pixels[at + 1] + b * pixels[at + 5] + c * pixels[below + 1] + d * pixels[below + 5];
        blue += a * pixels[at + 2] + b * pixels[at + 6] + c * pixels[below + 2] + d * pixels[below + 6];
        count += 1;
      }
      if (!count) continue;
      input[to] = red / count / 127.5 - 1;
      input[to + 1] = green / count / 127.5 - 1;
      input[to + 2] = blue / count / 127.5 - 1;
    }
  }
  return input;
}

const SIDE = 128;

// The whole picture first, then once more a square around each face: there the points are finer.
function facesIn(run, picture) {
  const { width, height } = picture;
  const side = Math.max(width, height);
  const whole = { x: (width - side) / 2, y: (height - side) / 2, side };
  return seenIn(run, picture, whole).slice(0, 3).map((face) => {
    const square = around(face);
    const again = seenIn(run, picture, square).find((one) => overlap(one.numbers, face.numbers) > SAME);
    return described(again || face, picture);
  });
}

function seenIn(run, picture, square) {
  const scale = (number, i) => number * square.side + (i === 2 || i === 3 ? 0 : i % 2 ? square.y : square.x);
  return merged(run(sampled(picture, square, SIDE))).map(({ score, numbers }) => ({ score, numbers: Array.from(numbers, scale) }));
}

function around({ numbers: [x, y, width, height] }) {
  const side = Math.max(width, height) * AROUND;
  return { x: x - side / 2, y: y - side / 2, side };
}

function described({ score, numbers }, { width, height }) {
  const [x, y, across, down] = numbers;
  const point = (n) => [numbers[CORNERS + 2 * n] / width, numbers[CORNERS + 2 * n + 1] / height];
  const box = { x: (x - across / 2) / width, y: (y - down / 2) / height, width: across / width, height: down / height };
  return { score, box, eyes: [point(0), point(1)], nose: point(2), mouth: point(3), ears: [point(4), point(5)] };
}

// --- messages -----------------------------------------------------------------------------------------------------

let run = null;

async function answer({ data }) {
  try {
    if (data.model) {
      const response = await fetch(data.model);
      if (!response.ok) throw new Error(`the model: ${response.status}`);
      run = network(await response.arrayBuffer());
      run(new Float32Array(SIDE * SIDE * 3)); // compiled before the first picture comes
      self.postMessage({ ready: true });
    } else {
      self.postMessage({ faces: facesIn(run, data) });
    }
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
}

if (typeof self !== "undefined" && typeof self.postMessage === "function") self.addEventListener("message", answer);
