// Lists: checkbox ranges by shift, "all", the bar that counts them, and filters that go by themselves.
import "./long_select.js";
import * as picks from "./picks.js";

let last = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("input[data-pick]")) return;
  const boxes = [...listOf(box).querySelectorAll("input[data-pick]")];
  const from = boxes.indexOf(last);
  if (event.shiftKey && from >= 0) {
    const to = boxes.indexOf(box);
    for (const between of boxes.slice(Math.min(from, to), Math.max(from, to) + 1)) between.checked = box.checked;
  }
  last = box;
  picked(listOf(box));
});

document.addEventListener("change", (event) => {
  const all = event.target;
  if (all.matches("input[data-pick-all]")) {
    for (const box of listOf(all).querySelectorAll("input[data-pick]")) box.checked = all.checked;
    picked(listOf(all));
  }
  const form = all.closest("form[data-auto]");
  if (form && all.matches("[data-place]")) leaveBelow(form, all);
  if (form && all.type !== "search") form.requestSubmit();
});

// Another college: the major and the class that were chosen are not of it.
function leaveBelow(form, above) {
  const places = [...form.querySelectorAll("[data-place]")];
  for (const below of places.slice(places.indexOf(above) + 1)) below.value = "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-unpick]");
  if (!button) return;
  picks.drop(listOf(button));
  refresh(listOf(button));
});

function picked(list) {
  if (list !== document) picks.keep(list);
  refresh(list);
}

function listOf(element) {
  return element.closest("[data-list]") ?? document;
}

function refresh(list) {
  const boxes = [...list.querySelectorAll("input[data-pick]")];
  const here = boxes.filter((box) => box.checked).length;
  const { number, pages } = list === document ? { number: here, pages: 1 } : picks.count(list);
  for (const box of boxes) box.closest("tr, .photo-card")?.setAttribute("aria-selected", box.checked);
  const all = list.querySelector("input[data-pick-all]");
  if (all) {
    all.checked = boxes.length > 0 && here === boxes.length;
    all.indeterminate = here > 0 && here < boxes.length;
  }
  for (const bar of list.querySelectorAll("[data-bulk]")) {
    bar.hidden = number === 0;
    for (const place of bar.querySelectorAll("[data-picked]")) place.textContent = number;
    for (const place of bar.querySelectorAll("[data-picked-pages]")) place.textContent = pages;
    for (const part of bar.querySelectorAll("[data-over-pages]")) part.hidden = pages < 2;
    for (const opener of bar.querySelectorAll("[data-open]")) opener.dataset.hit = number;
  }
}

function refreshAll() {
  for (const list of document.querySelectorAll("[data-list]")) {
    picks.restore(list);
    refresh(list);
  }
}

refreshAll();
document.addEventListener("htmx:afterSettle", refreshAll);
window.addEventListener("pageshow", refreshAll); // when one comes back, the browser sets the ticks again

// A box that scrolls holds its table's sticky head: only where the table is wider may it scroll.
const widths = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.classList.toggle("is-whole", target.scrollWidth <= target.clientWidth);
});

function watchWidths() {
  for (const box of document.querySelectorAll(".card-flush, .table-wrap")) widths.observe(box);
}

watchWidths();
document.addEventListener("htmx:afterSettle", watchWidths);

// "/" goes to the search field, as on most desks.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("input[type=search]");
  if (field) {
    event.preventDefault();
    field.select();
  }
});

// A form that filters by GET leaves empty fields out of the URL.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
  setTimeout(() => { for (const field of event.target.elements) field.disabled = false; });
});
