// Station mode: one student after the other on one page, whose data-view says where it is:
// list → (consent) → camera → verdict → list. The camera is that of the student's own page (camera.js); what it takes goes into
// a queue (station/queue.js), from which it is sent as soon as there is a network.
// Whatever is shown of a student is wiped as the view goes back to the list.
import { blobOf, textOf } from "./camera/film.js";
import { confirmed } from "./dialogs.js";
import "./long_select.js";
import * as queue from "./station/queue.js";
import { ask, tell } from "./station/server.js";

const SEND_EVERY = 5000; // ms between two looks into the queue
const ASK_EVERY = 1200; // ms until the verdict is asked for again
const ASK_FOR = 60000; // ms: then the next student comes first

const page = document.querySelector("[data-view]");
const part = (name) => page.querySelector(`[data-${name}]`);
const camera = document.getElementById("camera");
const { deviceKey: key } = page.dataset;
const csrf = camera.elements.csrfmiddlewaretoken.value;
const consent = part("consent-form");
const state = { students: [], class: "", student: null, ticks: null, token: "", photo: 0, query: null, isSending: false, sendsFrom: 0, failures: [] };
const words = (name) => page.dataset[`say${name}`] || "";

function view(name) {
  page.dataset.view = name;
  for (const section of page.querySelectorAll("[data-in]")) section.hidden = section.dataset.in !== name;
  const first = page.querySelector(`[data-in="${name}"] [data-first]`);
  if (first) first.focus();
  window.scrollTo(0, 0);
}

// --- the list -----------------------------------------------------------------------------------------------------

async function load() {
  await show({ class: part("class").value });
}

async function search() {
  const asked = part("search").value.trim();
  if (!asked) return load();
  const known = state.students.filter((each) => each.number.toUpperCase() === asked.toUpperCase());
  if (known.length) return list(known);
  return show({ class: part("class").value, q: asked });
}

// Only the last of several questions is answered on the page.
async function show(query) {
  state.query = query;
  try {
    const { students } = await ask(page.dataset.students, query);
    if (state.query !== query) return;
    if (!query.q) Object.assign(state, { students, class: query.class });
    list(students);
  } catch (failure) {
    tellFailure(failure);
    const isOther = !query.q && query.class !== state.class; // whose students are not known here
    list(isOther ? [] : state.students);
    if (isOther) part("nobody").hidden = true;
  }
}

function list(students) {
  part("list").replaceChildren(...students.map(row));
  const isAsked = Boolean(state.query && (state.query.q || state.query.class)); // not before anything was asked
  part("nobody").hidden = students.length > 0 || !isAsked;
}

function row(student) {
  const line = part("row").content.firstElementChild.cloneNode(true);
  for (const name of ["name", "number", "class", "stage"]) line.querySelector(`[data-of="${name}"]`).textContent = student[name];
  line.querySelector("[data-document]").addEventListener("click", () => seen(student));
  const button = line.querySelector("[data-call]");
  button.disabled = !student.isOpen;
  button.addEventListener("click", () => call(student));
  return line;
}

// The helper has seen the document: digits for the student's own phone.
async function seen(student) {
  try {
    const { digits } = await tell(page.dataset.seen, csrf, { student: student.pk });
    notice(words("Digits").replace("{name}", student.name).replace("{digits}", digits));
  } catch (failure) {
    tellFailure(failure);
  }
}

function notice(text) {
  part("notice").textContent = text;
  part("notice").hidden = !text;
}

function tellFailure({ isOffline, isOver, error }) {
  notice(isOver ? words("Over") : isOffline ? words("Offline") : error || words("Trouble"));
}

// --- one student --------------------------------------------------------------------------------------------------

function call(student) {
  notice("");
  if (student.needsGuardian) return notice(words("Guardian"));
  Object.assign(state, { student, ticks: null });
  for (const name of ["name", "number", "class", "document"]) {
    for (const place of page.querySelectorAll(`[data-who="${name}"]`)) place.textContent = student[name];
  }
  for (const answer of consent.elements.says_under_age) answer.disabled = !student.asksAge;
  consent.elements.says_under_age[0].closest(".field").hidden = !student.asksAge;
  camera.querySelector("[data-name]").textContent = student.name;
  camera.querySelector("[data-number]").textContent = student.number;
  return student.agreed ? photograph() : view("consent");
}

// Nothing of the student may be left for the next one.
function wipe() {
  camera.dispatchEvent(new CustomEvent("leave"));
  consent.reset();
  for (const place of page.querySelectorAll("[data-who]")) place.textContent = "";
  camera.querySelector("[data-name]").textContent = camera.querySelector("[data-number]").textContent = "";
  URL.revokeObjectURL(part("picture").src);
  part("picture").removeAttribute("src");
  part("reasons").replaceChildren();
  part("search").value = "";
  Object.assign(state, { student: null, ticks: null, token: "", photo: 0 });
}

function next() {
  wipe();
  view("list");
  load();
}

function agree(event) {
  event.preventDefault();
  state.ticks = Object.fromEntries(new FormData(consent));
  if (state.ticks.says_under_age === "yes") {
    next();
    return notice(words("Guardian"));
  }
  photograph();
}

function photograph() {
  part("reasons").replaceChildren();
  camera.toggleAttribute("data-film", state.ticks ? "film" in state.ticks : state.student.films);
  view("camera");
  camera.dispatchEvent(new CustomEvent("begin"));
}

// --- from the photo to the verdict --------------------------------------------------------------------------------

async function taken({ detail: { photo, film, takenAt } }) {
  if (!state.student) return;
  const { student, ticks } = state;
  Object.assign(state, { token: crypto.randomUUID ? crypto.randomUUID() : uuid(), photo: 0 });
  const { token } = state;
  part("picture").src = URL.createObjectURL(photo);
  verdict("waiting");
  view("verdict");
  const isKept = await queue.add(key, photo, { token, takenAt, student: student.pk, number: student.number, ticks, film: await film.then(textOf) });
  if (!isKept) notice(words("Unkept"));
  await send();
  if (state.token === token && !state.photo) verdict("queued");
}

function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// `name`: waiting, queued, ready, rejected, handed or refused.
function verdict(name, text = words(`Verdict${name}`)) {
  page.querySelector(".verdict").dataset.verdict = name;
  part("verdict-text").textContent = text;
  part("hand-in").hidden = name !== "ready";
  part("again").hidden = !["ready", "rejected", "refused"].includes(name);
  const first = name === "ready" ? "hand-in" : ["rejected", "refused"].includes(name) ? "again" : "next";
  part(first).focus();
}

async function send() {
  if (state.isSending || Date.now() < state.sendsFrom) return;
  state.isSending = true;
  try {
    for (const token of await queue.tokens(key)) {
      const entry = await queue.read(key, token);
      if (!entry) await queue.remove(token);
      else if (!(await deliver(entry))) break;
    }
  } finally {
    state.isSending = false;
    await count();
  }
}

// Resolves to whether the next one may be sent.
async function deliver({ token, takenAt, student, number, ticks, photo, film }) {
  try {
    const fields = { token, taken_at: takenAt, student, photo, ...ticks };
    if (film) fields.frames = blobOf(film);
    const { photo: pk } = await tell(page.dataset.photo, csrf, fields);
    await queue.remove(token);
    if (token === state.token) watch(token, pk);
  } catch (failure) {
    if (failure.isOver) tellFailure(failure);
    if (!failure.isFinal) {
      state.sendsFrom = Date.now() + (failure.wait || 0) * 1000; // the photos stay in the queue of this device
      return false;
    }
    await queue.remove(token);
    if (token === state.token) {
      state.photo = -1;
      verdict("refused", failure.error);
    } else {
      state.failures.push(`${number}: ${failure.error}`);
      notice(state.failures.join(" "));
    }
  }
  return true;
}

async function count() {
  const { length } = await queue.tokens(key);
  part("queued").textContent = length ? words("Queued").replace("{n}", length) : "";
  part("queued").hidden = !length;
}

async function watch(token, pk) {
  state.photo = pk;
  const until = Date.now() + ASK_FOR;
  while (state.token === token && Date.now() < until) {
    const answer = await ask(page.dataset.verdict, { photo: pk }).catch(() => ({ state: "checking", reasons: [] }));
    if (state.token !== token) return;
    if (answer.state !== "checking") return judged(answer);
    await new Promise((wake) => setTimeout(wake, ASK_EVERY));
  }
  if (state.token === token) verdict("slow");
}

function judged({ state: name, reasons }) {
  verdict(name === "ready" ? "ready" : "rejected");
  part("reasons").replaceChildren(...reasons.map(reason));
  if (state.student) state.student.agreed = true;
}

function reason({ title, advice }) {
  const line = document.createElement("li");
  const strong = document.createElement("strong");
  strong.textContent = title;
  line.append(strong, " ", advice);
  return line;
}

async function handIn() {
  part("hand-in").disabled = true;
  try {
    const { said } = await tell(page.dataset.submit, csrf, { student: state.student.pk });
    verdict("handed", said);
  } catch (failure) {
    if (failure.error) verdict("ready", failure.error);
    else tellFailure(failure);
  } finally {
    part("hand-in").disabled = false;
  }
}

// --- a code before the camera -------------------------------------------------------------------------------------

// Where the browser reads codes itself; elsewhere a hand scanner types into the search.
async function scan() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" } } }).catch(() => null);
  if (!stream) return;
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  const video = part("scanner");
  Object.assign(video, { srcObject: stream, hidden: false });
  await video.play();
  let found = [];
  while (!found.length && page.dataset.view === "list" && !video.hidden) {
    found = await detector.detect(video).catch(() => []);
    await new Promise((wake) => setTimeout(wake, 200));
  }
  for (const track of stream.getTracks()) track.stop();
  Object.assign(video, { srcObject: null, hidden: true });
  if (!found.length) return;
  part("search").value = found[0].rawValue;
  search();
}

// --- wiring -------------------------------------------------------------------------------------------------------

part("class").addEventListener("change", load);
part("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
part("scan").hidden = !("BarcodeDetector" in window);
part("scan").addEventListener("click", scan);
consent.addEventListener("submit", agree);
camera.addEventListener("taken", taken);
camera.querySelector("[data-leave]").addEventListener("click", next);
for (const button of page.querySelectorAll("[data-next]")) button.addEventListener("click", next);
part("again").addEventListener("click", photograph);
part("hand-in").addEventListener("click", handIn);
part("end").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { target } = event;
  if ((await queue.tokens(key)).length && !(await confirmed(words("Unsent"), target.textContent.trim()))) return;
  target.submit();
});
window.addEventListener("online", send);
window.addEventListener("pagehide", wipe);
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(send, SEND_EVERY);

view("list");
load();
send();
