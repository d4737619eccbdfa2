// Where a head is and how it is held, from the six points of a face: eyes, nose, mouth and ears.
// The numbers were fitted to the engine's own measures (bench/judging/camera_hints.py says on what).

const EARS_TO_CHEEKS = 1.033; // the face's width, as the engine measures it, over the distance of the ears
const EYES_TO_CHEEKS = 2.1; // and over that of the eyes
const YAW = 85; // degrees that one eye distance of the nose to the side means

// `face` in fractions of the crop, whose size is {width, height} in px of the video. Gives `width`, cheek to cheek in those px;
// `across`, the same as a fraction of the crop's width; `x` of the face's middle and `eye`, the height of the eyes, as fractions of the
// crop; `above` and `below`, the room over and under the eyes in face widths; `roll` and `yaw` in degrees, positive to the right of the picture.
export function poseOf(face, { width, height }) {
  const at = ([x, y]) => [x * width, y * height];
  const [left, right, nose, leftEar, rightEar] = [...face.eyes, face.nose, ...face.ears].map(at);
  const eyes = distance(left, right);
  const roll = Math.atan2(right[1] - left[1], right[0] - left[0]);
  const aside = ([x, y]) => (x - (left[0] + right[0]) / 2) * Math.cos(roll) + (y - (left[1] + right[1]) / 2) * Math.sin(roll);
  const wide = (distance(leftEar, rightEar) * EARS_TO_CHEEKS + eyes * EYES_TO_CHEEKS) / 2;
  const eye = (left[1] + right[1]) / 2;
  return {
    width: wide,
    across: wide / width,
    x: (left[0] + right[0] + leftEar[0] + rightEar[0]) / 4 / width,
    eye: eye / height,
    above: eye / wide,
    below: (height - eye) / wide,
    roll: (roll * 180) / Math.PI,
    yaw: (aside(nose) / eyes) * YAW,
  };
}

const distance = ([x, y], [otherX, otherY]) => Math.hypot(x - otherX, y - otherY);
