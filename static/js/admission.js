// An archive is sent in parts, so that a lost connection costs one part and no request is large.
const words = document.getElementById("words")?.dataset ?? {};
const TRIES = 4;

document.addEventListener("submit", (event) => {
  const form = event.target;
  const file = form.querySelector("input[type=file]")?.files[0];
  if (!form.dataset.parts || !file || event.defaultPrevented) return;
  event.preventDefault();
  send(form, file).catch((error) => problem(form, error.message || words.offline));
});

async function send(form, file) {
  const size = Number(form.dataset.parts);
  const parts = Math.max(1, Math.ceil(file.size / size));
  const button = form.querySelector("button.btn-primary");
  const bar = barOf(form);
  button.disabled = true;
  form.querySelector("[data-parts-problem]").hidden = true;
  try {
    const { part, page } = await post(form, form.dataset.begin, { name: file.name, parts });
    for (let number = 0; number < parts; number += 1) {
      const piece = file.slice(number * size, (number + 1) * size);
      await again(() => post(form, part, { number, part: piece }));
      bar.value = (number + 1) / parts;
    }
    window.location.assign(page);
  } finally {
    button.disabled = false;
    bar.hidden = true;
  }
}

// A part that is sent twice is kept once.
async function again(step) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await step();
    } catch (error) {
      if (error.isFinal || tried === TRIES) throw error;
      await new Promise((go) => setTimeout(go, tried * 1000));
    }
  }
}

async function post(form, url, values) {
  const data = new FormData();
  data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  for (const [name, value] of Object.entries(values)) data.append(name, value);
  const answer = await fetch(url, { method: "POST", body: data, headers: { Accept: "application/json" } });
  if (answer.ok) return answer.json();
  const text = await answer.text();
  const said = new DOMParser().parseFromString(text, "text/html").querySelector("main h1, main p");
  throw Object.assign(new Error(said?.textContent.trim() ?? ""), { isFinal: answer.status < 500 });
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

function problem(form, text) {
  const place = form.querySelector("[data-parts-problem]");
  place.querySelector("div").textContent = text;
  place.hidden = false;
}
