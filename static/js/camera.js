// The camera page. One form, whose data-mode says where it is:
// starting → live → (counting) → frozen → sending → gone; failed and expired keep the photo; none says why there is no camera.
// From frozen on the photo is kept in the browser as well (camera/kept.js), until it is sent or taken again.
// At a station (station.js) the page waits until the event "begin", and gives the photo away by the event "taken".
import { faceFinder } from "./camera/faces.js";
import { blobOf, filmOf, textOf } from "./camera/film.js";
import { advice, copyOf, look, pixelsOf } from "./camera/hints.js";
import * as level from "./camera/level.js";
import { recall, remember } from "./camera/choices.js";
import * as kept from "./camera/kept.js";
import { REASONS, cameras, close, cropOf, deviceOf, frameGrabber, isFront, open, take } from "./camera/lens.js";
import { repeat } from "./camera/repeat.js";
import { renew, send } from "./camera/send.js";
import * as voice from "./camera/voice.js";

const LOOK_EVERY = 150; // ms from one look to the next: with the wait for a picture still more than five a second
const SAY_EVERY = 1200; // a sentence stays long enough to be read, and to be read aloud
const SURE_AFTER = 2; // looks that must agree: one frame may be anything
const ASK_FOR = 4000; // how long a second press takes the photo in spite of a warning
const TIMERS = [0, 3, 10];
const FIRES_IN = 2; // seconds in which an automatic photo can be stopped: the ring of student.css
const BUZZ = 60; // ms
const LEAN = 4; // degrees
const TIP = 30; // degrees from upright: beyond it the face is seen from below or above
const NO_USE = [400, 413]; // answers that a file gets however often it is sent
const SOON = 30; // seconds: the server's pause of which nothing is said
const DRAWN_FACE = 208; // width of the face in the guide's drawing, on the stage's 480 units
const FACE = [170, 226]; // how wide it is shown: wider leaves the cut no room; narrower is an arm's length that nobody has
const FACE_PIXELS = 300; // what a camera of few pixels must give the face; the server wants 240

const form = document.getElementById("camera");
const { deviceKey: key } = document.querySelector(".me").dataset;
const atStation = "station" in form.dataset;
const part = (name) => form.querySelector(`[data-${name}]`);
const [video, still, hint, shutter, progress] = ["video", "still", "hint", "shutter", "progress"].map(part);
const state = {
  // the camera and what it sees
  stream: null, facing: recall("facing") || (atStation ? "environment" : "user"), device: atStation ? recall("device") : "", isHelped: false, seen: [], warning: "", held: null, saidAt: 0,
  // what was chosen, and what of it goes on
  timer: 0, counting: 0, fires: false, hasFired: false, speaks: false,
  // the photo
  photo: null, film: null /* resolves to the film, or to null */, name: "photo.jpg", origin: "camera", takenAt: 0, isKept: false, keeping: null, refused: false, later: 0,
};
const guide = { eye: 0.4, half: FACE[0] / 2 / 480 };
const finder = faceFinder({ worker: form.dataset.faceWorker, model: form.dataset.faceModel });
const limits = JSON.parse(form.dataset.limits);
const { ready: tryFrames, isTrying, frameOf } = frameGrabber(video, finder);
const recorder = filmOf({ video, frameOf, isLive: () => is("live", "counting"), worker: form.dataset.filmWorker });

function mode(name) {
  form.dataset.mode = name;
  shutter.disabled = !["live", "counting"].includes(name);
  shutter.setAttribute("aria-label", words(name === "counting" ? "stop" : "take"));
  for (const button of form.querySelectorAll("[data-send], [data-retake]")) button.disabled = name === "sending";
}

const is = (...names) => names.includes(form.dataset.mode);

// `light` colours the guide: "", "good" or "warn".
function say(text, light = "") {
  form.dataset.light = light;
  if (hint.textContent === text) return;
  hint.textContent = text;
  state.saidAt = performance.now();
  if (state.speaks) voice.speak(text);
}

// The sentence of that name; where the photo is kept, the one that says so; with the back camera, the one for who holds the phone.
function words(name) {
  const found = (full) => form.dataset[`say${full.replace(/^\w/, (letter) => letter.toUpperCase())}`];
  return (state.isKept && found(`${name}Kept`)) || (state.isHelped && found(`${name}Helper`)) || found(name) || "";
}

// --- the live picture ---------------------------------------------------------------------------------------------

async function start() {
  mode("starting");
  close(state.stream);
  try {
    state.stream = await open(state.facing, state.device);
    video.srcObject = state.stream;
    await video.play();
  } catch (error) {
    return refuse(error.name === "unsupported" ? "unsupported" : REASONS[error.name] || "missing");
  }
  state.isHelped = !isFront(state.stream, state.facing);
  form.toggleAttribute("data-mirrored", !state.isHelped);
  offerCameras(await cameras());
  state.stream.getVideoTracks()[0].addEventListener("ended", () => is("live", "counting") && refuse("busy"));
  placeGuide();
  say(words("fit"));
  mode("live");
  finder.begin().then(offerAuto); // now that the camera shows its picture
  beginFilm(state.stream);
}

// When it is known who draws its frames.
async function beginFilm(stream) {
  await tryFrames();
  if ("film" in form.dataset && stream === state.stream) recorder.begin();
}

// Without the network nobody knows when to fire.
function offerAuto(isAble) {
  if (!isAble || !part("auto").hidden) return;
  part("auto").hidden = false;
  setAuto(recall("auto") === "on");
}

// A phone turns between its cameras; at a station one is chosen by its name, and remembered.
function offerCameras(found) {
  const choice = part("device");
  part("flip").hidden = atStation || found.length < 2;
  if (!choice) return;
  choice.hidden = found.length < 2;
  choice.replaceChildren(...found.map(({ deviceId, label }, at) => new Option(label || String(at + 1), deviceId)));
  choice.value = deviceOf(state.stream);
}

function refuse(reason) {
  close(state.stream);
  state.stream = null;
  stopCounting();
  recorder.end();
  part("reason").textContent = words(reason);
  mode("none");
}

// The oval stands where the standard portrait will have the face, a little smaller so that the cut has room; a camera
// of few pixels asks people nearer.
function placeGuide() {
  const { width } = cropOf(video.videoWidth, video.videoHeight);
  const face = Math.max(FACE[0], Math.min(FACE[1], (FACE_PIXELS / width) * 480));
  guide.half = face / 2 / 480;
  const move = `translate(240 ${guide.eye * 640}) scale(${(face / DRAWN_FACE).toFixed(3)})`;
  for (const shape of form.querySelectorAll("[data-guide]")) shape.setAttribute("transform", move);
}

async function watch() {
  if (!is("live", "counting") || document.hidden || !video.videoWidth || isTrying()) return;
  const seen = await seenIn(cropOf(video.videoWidth, video.videoHeight));
  if (seen && (is("live") || "fires" in form.dataset)) tell(seen);
}

// The worker gets the frame where it can draw; else the page makes both small copies itself.
async function seenIn(crop) {
  const frame = finder.canTake() ? frameOf() : null;
  if (frame) {
    const found = await finder.take(frame, copyOf(crop));
    return found && look(found.light, crop, guide, found.faces);
  }
  const search = finder.find(video);
  await new Promise((done) => setTimeout(done)); // two copies in one task would hold up the page
  const pixels = pixelsOf(video, crop); // while the worker searches
  return look(pixels, crop, guide, await search);
}

function tell(seen) {
  const [worst = ""] = advice(seen, { limits, tilted: isTilted() });
  state.seen = [...state.seen, worst].slice(-SURE_AFTER);
  if (state.seen.some((earlier) => earlier !== worst)) return;
  state.warning = worst;
  const isGreen = !worst && Boolean(seen.poses);
  fireIfGreen(isGreen);
  if ("fires" in form.dataset || "asking" in form.dataset || performance.now() - state.saidAt < SAY_EVERY) return;
  if (worst) say(words(worst), "warn");
  else say(words(isGreen ? "ready" : "lit"), isGreen ? "good" : "");
}

const isTilted = () => state.held !== null && (Math.abs(state.held.lean) > LEAN || state.held.tip > TIP);

// The needle stays level with the world, as a spirit level does.
function showLevel(held) {
  state.held = held;
  part("level").setAttribute("visibility", "visible");
  part("level").classList.toggle("is-level", Math.abs(held.lean) <= LEAN);
  part("needle").setAttribute("transform", `rotate(${Math.max(-30, Math.min(30, -held.lean)).toFixed(1)} 240 46)`);
}

// Where the owner has to be asked, the browser refuses until a tap; then a button stands for it. A second refusal is a no.
async function startLevel({ type } = {}) {
  const allowed = !level.mustAsk() || (await level.ask());
  if (allowed) level.watch(showLevel);
  part("ask-level").hidden = allowed || type === "click";
}

// --- taking the photo ---------------------------------------------------------------------------------------------

// Where the oval has been green long enough to be read, the photo is taken, once; after a stop, not before the green was lost.
function fireIfGreen(isGreen) {
  if (!isGreen) {
    state.hasFired = false;
    if ("fires" in form.dataset) stopCounting();
    return;
  }
  const isShown = form.dataset.light === "good" && performance.now() - state.saidAt >= SAY_EVERY;
  if (!state.fires || state.hasFired || !is("live") || !isShown) return;
  state.hasFired = true;
  form.dataset.fires = "";
  say(words("fires"), "good");
  count(FIRES_IN);
}

// A warned shutter asks once; the second press takes the photo, because a hint may be wrong.
function press() {
  if (is("counting")) return stopCounting();
  if (!is("live")) return undefined;
  if (state.warning && !("asking" in form.dataset)) return ask();
  delete form.dataset.asking;
  return state.timer ? count(state.timer) : freeze();
}

function ask() {
  const warning = words(state.warning);
  say(warning + (warning.endsWith("。") ? "" : " ") + words("anyway"), "warn");
  form.dataset.asking = "";
  setTimeout(() => delete form.dataset.asking, ASK_FOR);
}

function count(seconds) {
  mode("counting");
  part("count").textContent = seconds || "";
  if (!seconds) return freeze();
  state.counting = setTimeout(count, 1000, seconds - 1);
  return undefined;
}

function stopCounting() {
  clearTimeout(state.counting);
  delete form.dataset.fires;
  part("count").textContent = "";
  if (is("counting")) mode("live");
}

async function freeze() {
  mode("starting");
  part("count").textContent = "";
  delete form.dataset.fires;
  part("flash").classList.add("is-on");
  try {
    const photo = await take(video, state.stream);
    if (navigator.vibrate) navigator.vibrate(BUZZ); // newer: iPhones have none
    show(photo, { name: "photo.jpg", origin: "camera", film: recorder.develop() });
    keep();
  } catch (error) {
    mode("live");
  }
  part("flash").classList.remove("is-on");
}

// The photo as it will be sent, not mirrored.
function show(photo, { name, origin, film = Promise.resolve(null) }) {
  Object.assign(state, { photo, film, name, origin, takenAt: Date.now() });
  URL.revokeObjectURL(still.src);
  still.src = URL.createObjectURL(photo);
  still.classList.toggle("is-whole", origin === "file");
  still.hidden = false;
  video.pause();
  offer("first");
  say(words("check"));
  mode("frozen");
  part("send").focus({ preventScroll: true });
}

async function keep() {
  if (atStation) return;
  const { photo, film, name, origin } = state;
  const details = { name, origin, token: form.elements.token.value };
  state.keeping = film.then(textOf).then((text) => kept.keep(key, photo, { ...details, film: text }));
  const isKept = await state.keeping;
  if (photo === state.photo) state.isKept = isKept;
}

// The photo that an earlier visit left. Its form's token comes with it, so that it is one photo even if it did arrive.
async function showKept() {
  const found = await kept.find(key);
  if (!found || state.photo) return;
  form.elements.token.value = found.token;
  show(found.photo, { ...found, film: Promise.resolve(blobOf(found.film)) });
  state.isKept = true;
  const time = new Date(found.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  say(words("kept").replace("{time}", time));
}

// What the browser cannot show (HEIC in Chromium) can still be sent.
still.addEventListener("error", () => {
  if (!state.photo) return;
  still.hidden = true;
  part("file-name").hidden = false;
  part("file-name").textContent = state.name;
});

async function retake() {
  forget();
  still.hidden = true;
  part("file-name").hidden = true;
  if (state.origin === "file") part("file").value = "";
  state.hasFired = false;
  if (!state.stream || !state.stream.active) return start();
  await video.play();
  say(words("fit"));
  mode("live");
  return shutter.focus({ preventScroll: true });
}

function forget() {
  Object.assign(state, { photo: null, film: null, isKept: false });
  URL.revokeObjectURL(still.src);
  still.removeAttribute("src");
  if (!atStation) kept.drop();
}

// --- sending ------------------------------------------------------------------------------------------------------

// What the main button does: send, send once more, or choose another file in the place of a refused one.
function offer(name) {
  state.refused = name === "other";
  for (const label of ["first", "again", "other"]) part(`send-${label}`).hidden = label !== name;
}

function chooseAnother() {
  part("file").value = "";
  part("file").click();
}

// At a station: nothing of this student stays on the page.
function rest() {
  stopCounting();
  recorder.end();
  close(state.stream);
  Object.assign(state, { stream: null, hasFired: false, seen: [], warning: "" });
  video.srcObject = null;
  still.hidden = true;
  forget();
  mode("waiting");
}

function handOver() {
  const detail = { photo: state.photo, film: state.film, takenAt: state.takenAt };
  rest();
  form.dispatchEvent(new CustomEvent("taken", { detail }));
}

async function deliver() {
  if (!state.photo || is("sending")) return undefined;
  if (atStation) return handOver();
  if (state.refused) return chooseAnother();
  clearTimeout(state.later);
  mode("sending");
  progress.value = 0;
  say(words("sending"));
  try {
    const details = { key, name: state.name, origin: state.origin, film: await state.film, onProgress: showProgress };
    const { next } = await send(form, state.photo, details);
    await kept.drop();
    close(state.stream);
    say(words("received"), "good");
    form.dataset.used = "";
    location.assign(next);
  } catch (failure) {
    await state.keeping;
    if (!isSignedOut(failure)) fail(failure);
  }
  return undefined;
}

function fail(failure) {
  if (failure.wait > SOON) return comeLater(failure.wait);
  mode("failed");
  offer(state.origin === "file" && NO_USE.includes(failure.status) ? "other" : "again");
  return say(failure.error || words(failure.say || "trouble"));
}

// Very many photos wait at the server: this one waits here, and is sent by itself while the page stays open.
function comeLater(seconds) {
  mode("failed");
  offer("again");
  say(words("crowded").replace("{n}", Math.ceil(seconds / 60)));
  state.later = setTimeout(() => is("failed") && deliver(), seconds * 1000);
}

// Whether the session is over. Then the photo is hidden: the next person at this device must not see it.
function isSignedOut({ say: reason }) {
  if (reason === "someone") {
    form.dataset.used = "";
    forget();
    refuse(reason);
  } else if (reason === "expired") {
    close(state.stream);
    mode("expired");
    say(words("expired"));
    part("sign-in").focus({ preventScroll: true });
  }
  return ["someone", "expired"].includes(reason);
}

// Whoever comes back to the page after a while may be somebody else, or have signed in again in another tab.
async function askWhoIsThere() {
  if (atStation) return;
  try {
    await renew(form, key);
    if (is("expired")) show(state.photo, state);
  } catch (failure) {
    if (is("frozen", "failed", "expired")) isSignedOut(failure);
  }
}

// All bytes are out and the server is at work: a bar without end says so.
function showProgress(share) {
  if (share < 1) progress.value = share;
  else progress.removeAttribute("value");
}

// --- wiring -------------------------------------------------------------------------------------------------------

shutter.addEventListener("click", press);
part("retake").addEventListener("click", retake);
part("send").addEventListener("click", deliver);
part("again").addEventListener("click", () => ("used" in form.dataset ? location.reload() : start()));
part("flip").addEventListener("click", () => {
  if (!is("live")) return;
  state.facing = state.facing === "user" ? "environment" : "user";
  remember("facing", state.facing);
  start();
});
part("timer").addEventListener("click", () => {
  state.timer = TIMERS[(TIMERS.indexOf(state.timer) + 1) % TIMERS.length];
  part("timer").classList.toggle("is-set", state.timer > 0);
  part("timer-label").textContent = state.timer ? words("seconds").replace("{n}", state.timer) : words("timer");
  part("timer").setAttribute("aria-label", words(`timer${state.timer}`));
});
function toggle(name, isOn) {
  part(name).setAttribute("aria-pressed", isOn);
  remember(name, isOn ? "on" : "off");
}

function setAuto(isOn) {
  state.fires = isOn;
  toggle("auto", isOn);
  if (!isOn && "fires" in form.dataset) stopCounting();
}

function setVoice(isOn) {
  state.speaks = isOn;
  toggle("voice", isOn);
  if (!isOn) voice.stop();
}

part("auto").addEventListener("click", () => setAuto(!state.fires));
part("voice").addEventListener("click", () => {
  setVoice(!state.speaks);
  if (state.speaks) voice.speak(words("voiceFirst"));
});
document.addEventListener("click", () => state.speaks && voice.wake(hint.textContent), { capture: true });
voice.find(document.documentElement.lang, () => {
  part("voice").hidden = false;
  setVoice(recall("voice") === "on");
});
if (part("file")) {
  part("file").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    show(file, { name: file.name, origin: "file" });
    keep();
  });
}
part("ask-level").addEventListener("click", startLevel);
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && is("frozen", "failed")) retake();
  else if (event.key === "Escape" && is("counting")) stopCounting();
  else if ([" ", "Enter"].includes(event.key) && is("live", "counting") && event.target === document.body) {
    event.preventDefault();
    press();
  }
});
window.addEventListener("online", () => is("failed") && !state.refused && say(words("online"), "good"));
// Coming back from the next page: this form has been used up, a fresh one is needed.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (!("used" in form.dataset) && is("frozen", "failed", "expired")) askWhoIsThere();
  else location.reload();
});
window.addEventListener("pagehide", () => close(state.stream));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stopCounting();
  else if (is("live") && !(state.stream && state.stream.active)) start();
  else if (is("frozen", "failed", "expired")) askWhoIsThere();
});

startLevel();
repeat(watch, LOOK_EVERY);
if (atStation) {
  form.addEventListener("begin", start);
  form.addEventListener("leave", rest);
  part("device").addEventListener("change", ({ target }) => {
    state.device = target.value;
    remember("device", target.value);
    start();
  });
} else {
  showKept().then(() => state.photo || start());
}
