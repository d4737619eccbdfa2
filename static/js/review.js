// The keyboard of the light table: J next, K previous, A approve, R return (then 1 to 9 pick a reason), U undo, X pick,
// C adjust the frame.
// Contract (docs/look.md): [data-review] holds [data-review-item]s; each item has [data-approve] and [data-return] to
// click (or openers of a dialog); presets are [data-preset] buttons; [data-undo] lies anywhere on the page.
const table = () => document.querySelector("[data-review]");
const items = () => [...(table()?.querySelectorAll("[data-review-item]") ?? [])];

function current() {
  return items().find((item) => item.hasAttribute("aria-current")) ?? null;
}

function turnTo(item, { scroll = true } = {}) {
  if (!item) return;
  current()?.removeAttribute("aria-current");
  item.setAttribute("aria-current", "true");
  if (!scroll) return;
  item.scrollIntoView({ block: "nearest" });
  item.focus({ preventScroll: true });
}

function step(by) {
  const all = items();
  const at = all.indexOf(current());
  turnTo(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function press(selector, inside = current()) {
  const button = inside?.querySelector(selector) ?? (table()?.dataset.review === "single" ? document.querySelector(selector) : null);
  button?.click();
  return Boolean(button);
}

const KEYS = {
  j: () => press("[data-next]", table()) || step(1),
  k: () => press("[data-previous]", table()) || step(-1),
  a: () => press("[data-approve]"),
  r: () => press("[data-return]"),
  c: () => press("[data-frame]"),
  u: () => document.querySelector("[data-undo]")?.click(),
  x: () => press("input[data-pick]"),
};

function isTyping(target) {
  return target.closest("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])");
}

document.addEventListener("keydown", (event) => {
  if (!table() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const dialog = document.querySelector("dialog[open]");
  if (dialog) return pickReason(dialog, event);
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

function pickReason(dialog, event) {
  const preset = dialog.querySelectorAll("[data-preset]")[Number(event.key) - 1];
  if (!preset) return;
  event.preventDefault();
  preset.click();
}

// A preset fills the reason of its form; a second one is added after it. Enter then sends, and digits still pick.
document.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-preset]");
  if (!preset) return;
  const form = preset.closest("form");
  const field = form?.querySelector("textarea, input[name=reason]");
  if (!field) return;
  const sentence = preset.dataset.preset || preset.textContent.trim();
  if (!field.value.includes(sentence)) field.value += (/[\w.]$/.test(field.value) ? " " : "") + sentence;
  form.querySelector("button:not([type=button])")?.focus();
});

document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-review-item]");
  if (item) turnTo(item, { scroll: false });
});

// The judged photo leaves the table: the next one takes its place under the same keys.
let place = 0;
document.addEventListener("htmx:beforeSwap", () => { place = Math.max(items().indexOf(current()), 0); });
document.addEventListener("htmx:afterSettle", () => {
  if (table() && !current()) turnTo(items()[Math.min(place, items().length - 1)]);
});
if (table() && !current()) turnTo(items()[0], { scroll: false });
