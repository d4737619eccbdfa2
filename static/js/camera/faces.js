// The faces in the live picture, found by a network in a worker (face_worker.js), one look at a time.
import { cropOf } from "./lens.js";

const [WIDTH, HEIGHT] = [240, 320]; // of what the worker gets: a face in the oval is 100 px wide
const PATIENCE = 2000; // ms for one look: a worker that hangs must not take the light's hints with it
const STARTS_IN = 4000; // ms for the worker's script

// `worker` and `model` are addresses. `begin()` loads them, once, and resolves to whether faces can be found; `find(frame)` to an array of
// {score, box: {x, y, width, height}, eyes, nose, mouth, ears}, the best first, in fractions of the 3:4 part that the stage
// shows, left and right as in the picture, and to null when that cannot be said; `willTake()` resolves, as soon as that is known, to
// whether the worker draws frames itself, and `canTake()` says whether it does now; then `take(frame, copy)` hands it a VideoFrame, which
// is closed, and resolves to {faces, light: pixels of the copy}, or to null; its `faces` are null while the network is on its way. `close()`
// ends the worker.
export function faceFinder({ worker: address, model }) {
  let worker = null;
  let turn = 0;
  let able = false;
  let draws = false;
  let tellStarted = null;
  const started = new Promise((done) => (tellStarted = done));
  const asked = new Map(); // by turn, who waits for the answer; a late one finds nobody
  const tell = (which, answer) => {
    if (asked.has(which)) asked.get(which)(answer);
    asked.delete(which);
  };
  const ask = (message, transfer, patience) =>
    new Promise((resolve) => {
      turn += 1;
      asked.set(turn, resolve);
      setTimeout(tell, patience, turn, null);
      worker.postMessage({ ...message, turn }, transfer);
    });
  const hear = ({ data }) => {
    if (data.started) draws = data.draws;
    else tell(data.turn, data);
    tellStarted();
  };
  const close = () => {
    if (worker) worker.terminate();
    worker = null;
    able = draws = false;
    tellStarted();
    for (const which of [...asked.keys()]) tell(which, null);
  };
  const sheet = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT }).getContext("2d", { willReadFrequently: true });

  async function load() {
    try {
      worker = address && "Worker" in window && "WebAssembly" in window ? new Worker(address) : null;
    } catch (error) {
      worker = null; // forbidden here
    }
    setTimeout(tellStarted, worker ? STARTS_IN : 0);
    if (!worker) return false;
    worker.onmessage = hear;
    worker.onerror = close;
    const answer = await ask({ model: new URL(model, location.href).href }, [], 60000);
    able = Boolean(answer && answer.ready);
    if (!able) close();
    return able;
  }

  async function find(frame) {
    if (!able) return null;
    const { x, y, width, height } = cropOf(frame.videoWidth || frame.width, frame.videoHeight || frame.height);
    sheet.drawImage(frame, x, y, width, height, 0, 0, WIDTH, HEIGHT);
    const { data: pixels } = sheet.getImageData(0, 0, WIDTH, HEIGHT);
    const answer = await ask({ pixels, width: WIDTH, height: HEIGHT }, [pixels.buffer], PATIENCE);
    return answer && answer.faces ? answer.faces : null;
  }

  // Large frames are drawn small beside the page's own thread, which they would hold up longest.
  async function take(frame, copy) {
    const { x, y, width, height } = cropOf(frame.displayWidth, frame.displayHeight);
    const copies = [{ area: [x, y, width, height], width: WIDTH, height: HEIGHT, isSmooth: true }, copy];
    const answer = await ask({ frame, copies }, [frame], PATIENCE);
    if (answer && answer.light) return answer;
    draws = false; // too late, or refused: the page draws again
    return null;
  }

  let loading = null;
  const begin = () => (loading = loading || load());
  return { begin, find, canTake: () => draws, willTake: () => started.then(() => draws), take, close };
}
