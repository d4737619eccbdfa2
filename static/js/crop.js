// The frame of a portrait by hand: the photo moves under the fixed frame of the standard. Without this module the page is a
// form with four numbers; with it the same numbers follow the hand, and say at once what leaves the standard.
import { NAMES, bounded, brokenOf, matrixOf, moved, numbersOf, project, rounded } from "./crop/geometry.js";

const page = document.querySelector("[data-crop]");
const head = JSON.parse(page.dataset.crop);
const stage = page.querySelector("[data-stage]");
const picture = stage.querySelector("svg");
const form = document.querySelector("#crop-form");
const status = document.querySelector("#crop-status");
const part = (selector, inside = page) => inside.querySelector(selector);
const made = () => document.querySelector("#made");
const now = () => JSON.parse(made().dataset.now);

let place = Object.fromEntries(NAMES.map((name) => [name, Number(form.elements[name].value)]));
let waiting = 0;
let saying = 0;

function set(next, { typed = "" } = {}) {
  place = bounded(next);
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => draw(typed));
}

const isSame = (one, other) => NAMES.every((name) => Math.abs(one[name] - other[name]) < 0.05);

// What is shown and judged is what the form would send: to a tenth.
function draw(typed = "") {
  const shown = rounded(place);
  const numbers = numbersOf(head, shown);
  const wrong = brokenOf(head, numbers);
  drawPicture(matrixOf(head, shown), shown, wrong);
  for (const name of NAMES) drawRow(name, shown[name], wrong.includes(name), name === typed);
  drawFact("hair_top", numbers.hair_top.toFixed(1), wrong);
  drawFact("outside", (numbers.outside * 100).toFixed(1), wrong);
  const same = "present" in made().dataset && isSame(shown, now());
  part("[data-make]").disabled = wrong.length > 0 || same || "making" in made().dataset;
  part("[data-before]").disabled = same;
  part("[data-automatic]").disabled = isSame(shown, head.automatic) && same;
  clearTimeout(saying);
  saying = setTimeout(() => say(wrong, same), 250);
}

function drawPicture(matrix, shown, wrong) {
  const { a, b, e, f } = matrix;
  part("[data-picture]").setAttribute("transform", `matrix(${a} ${-b} ${b} ${a} ${e} ${f})`);
  const eyes = head.eyes.map((point) => project(matrix, point));
  const [left, right] = head.cheeks.map((point) => project(matrix, point));
  const [x, y] = project(matrix, head.hair_top);
  part("[data-hair]").setAttribute("d", `M${x - 70} ${y}H${x + 70}`);
  part("[data-eyes]").setAttribute("d", eyes.map(([ex, ey]) => `M${ex - 24} ${ey}H${ex + 24}`).join(""));
  part("[data-cheeks]").setAttribute("d", `M${left}L${right}M${left[0]} ${left[1] - 16}v32M${right[0]} ${right[1] - 16}v32`);
  part("[data-reach]").setAttribute("d", reach((left[0] + right[0]) / 2, (left[1] + right[1]) / 2, head.ranges.face_width));
  for (const band of page.querySelectorAll("[data-band]")) band.classList.toggle("is-out", wrong.includes(band.dataset.band));
  picture.classList.toggle("is-wrong", wrong.length > 0);
}

// Where the cheeks may lie: a bracket from the least to the greatest width on either side.
function reach(x, y, [least, most]) {
  const side = (sign) => `M${x + (sign * least) / 2} ${y - 9}v18M${x + (sign * least) / 2} ${y}H${x + (sign * most) / 2}M${x + (sign * most) / 2} ${y - 9}v18`;
  return side(-1) + side(1);
}

function drawRow(name, value, isOut, isTyped) {
  const row = part(`[data-row="${name}"]`);
  row.classList.toggle("is-out", isOut);
  part("[data-slide]", row).value = value;
  if (!isTyped) form.elements[name].value = value.toFixed(1);
}

function drawFact(name, text, wrong) {
  const fact = part(`[data-fact="${name}"]`);
  fact.classList.toggle("is-out", wrong.includes(name));
  part("output", fact).textContent = text;
}

function say(wrong, same) {
  const words = wrong.map((name) => part(`[data-row="${name}"] label, [data-fact="${name}"] dt`).textContent);
  const sentence = wrong.length ? `${status.dataset.bad}${words.join(status.dataset.and)}` : same ? status.dataset.same : status.dataset.good;
  status.classList.toggle("is-out", wrong.length > 0);
  status.classList.toggle("is-same", !wrong.length && same);
  if (status.textContent !== sentence) status.textContent = sentence;
}

// --- the hand -----------------------------------------------------------------------------------------------------------

const pointers = new Map();

// Client px to px of the portrait.
function onPortrait({ clientX, clientY }) {
  const point = new DOMPoint(clientX, clientY).matrixTransform(picture.getScreenCTM().inverse());
  return [point.x, point.y];
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  stage.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, onPortrait(event));
  stage.classList.add("is-held");
});

stage.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  const before = [...pointers.values()];
  pointers.set(event.pointerId, onPortrait(event));
  set(moved(place, gesture(before, [...pointers.values()])));
});

for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, (event) => {
    pointers.delete(event.pointerId);
    stage.classList.toggle("is-held", pointers.size > 0);
  });
}

// One finger moves; two move, scale and turn about the point between them.
function gesture([from, other], [to, another]) {
  if (!other) return { dx: to[0] - from[0], dy: to[1] - from[1] };
  const [was, is] = [[other[0] - from[0], other[1] - from[1]], [another[0] - to[0], another[1] - to[1]]];
  const about = [(from[0] + other[0]) / 2, (from[1] + other[1]) / 2];
  const turned = Math.atan2(is[1], is[0]) - Math.atan2(was[1], was[0]);
  return {
    about,
    dx: (to[0] + another[0]) / 2 - about[0],
    dy: (to[1] + another[1]) / 2 - about[1],
    ratio: Math.hypot(...is) / Math.max(Math.hypot(...was), 1),
    turn: (Math.atan2(Math.sin(turned), Math.cos(turned)) * 180) / Math.PI,
  };
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode ? 30 : 1;
  const far = (event.deltaY || event.deltaX) * lines; // with Shift the browser turns the wheel sideways
  set(moved(place, event.shiftKey ? { turn: far / 200 } : { ratio: Math.exp(-far / 1500) }));
}, { passive: false });

// --- buttons, sliders, numbers --------------------------------------------------------------------------------------------

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step], [data-automatic], [data-before]");
  if (!button) return;
  event.preventDefault();
  if ("step" in button.dataset) step(button.closest("[data-row]").dataset.row, Number(button.dataset.step));
  else set("automatic" in button.dataset ? head.automatic : now());
});

form.addEventListener("input", (event) => {
  const name = event.target.closest("[data-row]")?.dataset.row;
  const value = event.target.valueAsNumber;
  if (!name || Number.isNaN(value)) return;
  set({ ...place, [name]: value }, { typed: event.target.type === "number" ? name : "" });
});
form.addEventListener("change", () => draw());

function step(name, by) {
  set({ ...place, [name]: place[name] + by });
}

// --- the keyboard -----------------------------------------------------------------------------------------------------------

const KEYS = {
  ArrowLeft: (far) => step("sideways", -far),
  ArrowRight: (far) => step("sideways", far),
  ArrowUp: (far) => step("eye_line", -far),
  ArrowDown: (far) => step("eye_line", far),
  "+": (far) => step("face_width", far),
  "=": (far) => step("face_width", far),
  "-": (far) => step("face_width", -far),
  _: () => step("face_width", -10),
  "[": () => step("tilt", -0.2),
  "]": () => step("tilt", 0.2),
  "{": () => step("tilt", -2),
  "}": () => step("tilt", 2),
  r: () => set(head.automatic),
  0: () => set(now()),
  Enter: make,
  Escape: () => document.querySelector("[data-leave]").click(),
};

// The button may still show what was before the last key: fast fingers are faster than the screen.
function make() {
  draw();
  part("[data-make]").click();
}

// Numbers and sliders keep the keys that are theirs.
function belongs(key, target) {
  if (key === "Escape") return false;
  if (target.closest("input[type=number], textarea, select")) return true;
  if (target.closest("input[type=range]")) return key.startsWith("Arrow");
  return key === "Enter" && Boolean(target.closest("a, button, summary"));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || belongs(event.key, event.target)) return;
  event.preventDefault();
  act(event.shiftKey && event.key !== "+" ? 10 : 1);
});

// The new portrait has come: from now on its frame is the one to compare with.
let wasMaking = false;
document.addEventListener("htmx:afterSwap", () => {
  const isMaking = "making" in made().dataset;
  if (wasMaking && !isMaking) made().scrollIntoView({ block: "nearest" }); // on a phone it lies below the numbers
  wasMaking = isMaking;
  draw();
});

for (const control of form.querySelectorAll("[hidden]")) control.hidden = false;
draw();
