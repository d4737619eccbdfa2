// How the phone is held, from gravity. iOS asks its owner first, and only after a tap.

const FLAT = 0.4; // lying on a table a lean has no meaning
const SMOOTH = 0.75; // of the old value in the new one: the needle swims instead of trembling

const events = [window.DeviceOrientationEvent, window.DeviceMotionEvent];

// Whether the browser wants to be asked by a tap.
export const mustAsk = () => events.some((kind) => kind && typeof kind.requestPermission === "function");

// Resolves to whether the owner agreed.
export async function ask() {
  try {
    const answers = await Promise.all(events.filter((kind) => kind && kind.requestPermission).map((kind) => kind.requestPermission()));
    return answers.every((answer) => answer === "granted");
  } catch (error) {
    return false;
  }
}

// Calls tell({lean, tip}), both in degrees: lean to the right is positive, tip is how far the screen is away from upright.
// Silent on devices without sensors.
export function watch(tell) {
  let smooth = null;
  let turns = false;
  const hear = (down) => {
    const seen = onScreen(down);
    if (!seen) return;
    smooth = smooth ? { lean: mix(smooth.lean, seen.lean), tip: mix(smooth.tip, seen.tip) } : seen;
    tell(smooth);
  };
  window.addEventListener("deviceorientation", ({ beta, gamma }) => {
    if (beta === null || gamma === null) return;
    turns = true;
    hear(downOf(beta * (Math.PI / 180), gamma * (Math.PI / 180)));
  });
  // Phones without a gyroscope tell only this.
  window.addEventListener("devicemotion", ({ accelerationIncludingGravity: pull }) => {
    if (turns || !pull || pull.x === null) return;
    const size = Math.hypot(pull.x, pull.y, pull.z) || 1;
    hear([-pull.x / size, -pull.y / size, -pull.z / size]);
  });
}

const mix = (old, fresh) => old * SMOOTH + fresh * (1 - SMOOTH);

// The direction of gravity in the device's own axes: right, up, out of the screen.
const downOf = (beta, gamma) => [Math.cos(beta) * Math.sin(gamma), -Math.sin(beta), -Math.cos(beta) * Math.cos(gamma)];

function onScreen([x, y, z]) {
  const angle = ((screen.orientation ? screen.orientation.angle : window.orientation || 0) * Math.PI) / 180;
  const right = x * Math.cos(angle) - y * Math.sin(angle);
  const up = x * Math.sin(angle) + y * Math.cos(angle);
  if (Math.hypot(right, up) < FLAT) return null;
  return { lean: (Math.atan2(right, -up) * 180) / Math.PI, tip: (Math.asin(Math.min(1, Math.abs(z))) * 180) / Math.PI };
}
