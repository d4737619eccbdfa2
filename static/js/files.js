// The drop field names the file it got; a form with [data-progress] sends it with a bar of how far it is.
const words = document.getElementById("words")?.dataset ?? {};

document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop && event.target.type === "file") named(drop, event.target);
});

function named(drop, input) {
  const [file] = input.files;
  const place = drop.querySelector("[data-drop-name]");
  place.dataset.empty ??= place.textContent;
  place.textContent = file ? `${file.name} (${size(file.size)})` : place.dataset.empty;
  drop.classList.toggle("has-file", Boolean(file));
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.target.closest?.("[data-drop]")?.classList.toggle("is-over", kind === "dragenter" || kind === "dragover");
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("progress" in form.dataset) || event.defaultPrevented || !window.XMLHttpRequest) return;
  event.preventDefault();
  send(form, event.submitter); // newer: only the upload forms of staff have several buttons
});

function send(form, submitter) {
  const bar = barOf(form);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-Upload", "1"); // a redirect is answered empty: what it would say is for the page that follows
  request.upload.onprogress = (step) => step.lengthComputable && show(bar, step.loaded / step.total);
  request.onload = () => arrive(request, form);
  request.onerror = () => form.dispatchEvent(new CustomEvent("htmx:sendError", { bubbles: true })) && rest(form, bar);
  request.send(new FormData(form, submitter));
}

function barOf(form) {
  let bar = form.querySelector("progress[data-upload]");
  if (!bar) {
    bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.dataset.upload = "";
    bar.setAttribute("aria-label", words.sending);
    (form.querySelector("[data-drop]") ?? form).after(bar);
  }
  bar.hidden = false;
  return bar;
}

// All sent, and the server is at work: a bar without end says so.
function show(bar, part) {
  if (part < 1) bar.value = part;
  else bar.removeAttribute("value");
}

// The server redirected to the next page, or answered this page again with what is wrong.
function arrive(request, form) {
  if (request.status === 204) return location.assign(request.responseURL);
  const answer = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
  const page = document.querySelector("main");
  if (!answer || !page) return location.assign(form.action);
  page.replaceWith(answer);
  window.htmx?.process(answer);
  answer.querySelector("[data-focus]")?.focus();
}

function rest(form, bar) {
  bar.hidden = true;
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}
