// Toasts, copying, and times that keep up with the clock.
const words = document.getElementById("words")?.dataset ?? {};
const STAY = 6000;

export function toast(sentence, tone = "act") {
  const box = document.getElementById("toasts");
  if ([...box.children].some((other) => other.textContent.trim() === sentence)) return;
  const note = document.createElement("div");
  note.className = `toast callout callout-${tone}`;
  note.setAttribute("role", tone === "act" ? "alert" : "status");
  note.textContent = sentence;
  box.append(note);
}

// Good news leaves by itself; a refusal stays until it is closed.
function watch(note) {
  if (note.matches(".callout-act, .callout-look") && note.querySelector("[data-toast-close]")) return;
  setTimeout(() => note.remove(), STAY);
}

const box = document.getElementById("toasts");
if (box) {
  box.querySelectorAll(".toast").forEach(watch);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.(".toast")) watch(node);
  }).observe(box, { childList: true });
}

document.addEventListener("click", async (event) => {
  const close = event.target.closest("[data-toast-close]");
  if (close) close.closest("[data-toast]").remove();
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  await navigator.clipboard.writeText(copy.dataset.copy || document.querySelector(copy.dataset.copyFrom)?.textContent.trim());
  toast(words.copied, "ok");
});

// A server's toast for a refusal needs no second one; a panel that did not come says so in its own place.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.getResponseHeader("HX-Retarget")) return;
  const waiting = target?.querySelector(".skeleton")?.closest(".card");
  if (waiting) waiting.textContent = words.failed;
  else toast(words.failed);
});
document.addEventListener("htmx:sendError", () => toast(words.offline, "look"));

// A passkey that the device did not give, or the person did not want (django-allauth's webauthn.js).
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  toast(document.getElementById("passkey-words")?.dataset.failed ?? words.failed);
});

const MINUTE = 60_000;
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-when]")) {
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / MINUTE);
    if (minutes > 0 && minutes < 60) time.textContent = relative.format(-minutes, "minute");
  }
}, MINUTE / 2);
