// Sending the photo with progress. Resolves to {next}; rejects with {say: name of a sentence} or
// {error: the server's own, status, wait: seconds after which it wants to be asked again}.

const PATIENCE = 90000;
const BUSY = 503;
const SHORT = 30; // seconds: who is to wait longer is told so
const PAUSES = [2000, 5000, 9000]; // before the server is asked again while it reads many photos

// `key` is the device key of the student who took the photo; `film`: the second before the shutter, or null.
export async function send(form, photo, { key, ...details }) {
  try {
    return await deliver(form, photo, details);
  } catch (failure) {
    if (!failure.isStale) throw failure;
    await renew(form, key);
    return deliver(form, photo, details);
  }
}

async function deliver(form, photo, details) {
  for (const pause of PAUSES) {
    try {
      return await post(form, photo, details);
    } catch (failure) {
      if (failure.status !== BUSY || failure.wait > SHORT) throw failure;
      await new Promise((wake) => setTimeout(wake, pause * (0.5 + Math.random())));
    }
  }
  return post(form, photo, details);
}

// Gives the form a fresh CSRF token. Rejects with {say: "expired"} when nobody is signed in any more, {say: "someone"} when it is
// another student, {say: "offline"} or {say: "trouble"}.
export async function renew(form, key) {
  const answer = await sessionOf(form);
  if (answer.key !== key) throw { say: "someone" };
  form.elements.csrfmiddlewaretoken.value = answer.csrf;
}

async function sessionOf(form) {
  const options = { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store" };
  const response = await fetch(form.dataset.session, options).catch(() => null);
  if (!response) throw { say: "offline" };
  if (!response.ok) throw { say: response.status === 401 ? "expired" : "trouble" };
  return response.json();
}

function post(form, photo, { name, origin, film, onProgress }) {
  const data = new FormData();
  data.append("token", form.elements.token.value);
  data.append("origin", origin);
  data.append("photo", photo, name);
  if (film) data.append("frames", film, "frames.bin");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.timeout = PATIENCE;
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (step) => step.lengthComputable && onProgress(step.loaded / step.total);
    request.onload = () => settle(request, resolve, (failure) => reject({ wait: waitOf(request), ...failure }));
    request.onerror = () => reject({ say: "offline" });
    request.ontimeout = () => reject({ say: "offline" });
    request.send(data);
  });
}

const waitOf = (request) => Number(request.getResponseHeader("Retry-After")) || 0;

function settle({ status, responseText }, resolve, reject) {
  const answer = parse(responseText);
  if (status < 300 && answer && answer.next) resolve(answer);
  else if (status === 401) reject({ say: "expired" });
  else if (answer && answer.error) reject({ error: answer.error, status, isStale: Boolean(answer.stale) });
  else reject({ say: "trouble" });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}
