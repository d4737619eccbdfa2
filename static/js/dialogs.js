// <button data-open="id"> opens <dialog id>; [data-close] or a click beside it closes. data-hit of the opener fills the
// dialog's [data-hit] with the number that the act will touch. [data-confirm] asks before a form goes (ui/ask.html).
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.open);
    if (!dialog?.showModal) return;
    event.preventDefault();
    prepare(dialog, opener);
    dialog.showModal(); // newer: only staff's pages have dialogs
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target.matches("dialog[open]")) event.target.close();
});

function prepare(dialog, opener) {
  const hits = opener.dataset.hit ? dialog.querySelectorAll("[data-hit]") : [];
  for (const hit of hits) hit.textContent = opener.dataset.hit;
  const form = dialog.querySelector("form");
  if (form && opener.dataset.action) form.action = opener.dataset.action;
  if (form && opener.dataset.picks) carryPicks(form, opener.dataset.picks);
}

// The rows picked in a list go along with the dialog's own form.
function carryPicks(form, list) {
  form.querySelectorAll("input[data-carried]").forEach((input) => input.remove());
  for (const box of document.querySelectorAll(`${list} input[data-pick]:checked, ${list} input[data-elsewhere]`)) {
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: box.name, value: box.value });
    input.dataset.carried = "";
    form.append(input);
  }
}

let answered = null; // the form whose question was answered with yes

// Whether the person goes on after `question`; `title` is what the button says.
export function confirmed(question, title) {
  const dialog = document.getElementById("ask");
  dialog.querySelector("#ask-title").textContent = title;
  dialog.querySelector("#ask-question").textContent = question;
  dialog.returnValue = "";
  dialog.showModal(); // newer: only staff's pages have dialogs
  return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true }));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const { submitter } = event; // newer: only staff's buttons ask or send elsewhere
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && answered !== form) {
    event.preventDefault();
    const title = submitter?.textContent.trim() || document.title;
    return confirmed(question, title).then((isSure) => {
      if (!isSure) return;
      answered = form;
      form.requestSubmit(submitter); // newer: only staff's buttons ask
    });
  }
  answered = null;
  if (form.method === "dialog" || submitter?.formTarget || form.matches("[hx-post], [hx-get], [data-repeat]")) return;
  // One click, one request, until the page leaves; a download comes back to life by itself. No button is disabled: Firefox
  // would still have it so when one comes back.
  if ("sent" in form.dataset) return event.preventDefault();
  if (!("download" in form.dataset)) form.dataset.sent = "";
  submitter?.setAttribute("aria-busy", "true");
  if ("download" in form.dataset) setTimeout(() => submitter?.removeAttribute("aria-busy"), 1500);
});

// A page that comes back through the browser's history may send again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

// htmx brings a dialog with [data-autoopen]; it opens as soon as it is on the page.
document.addEventListener("htmx:load", (event) => {
  const dialog = event.detail.elt.matches?.("dialog[data-autoopen]") ? event.detail.elt : event.detail.elt.querySelector?.("dialog[data-autoopen]");
  if (dialog && !dialog.open) dialog.showModal(); // newer: only staff's pages have dialogs
});
