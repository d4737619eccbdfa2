// Sending the photo with progress. Resolves to {next}; rejects with {say: name of a sentence} or {error: the server's own, status}.

const PATIENCE = 90000;

export function send(form, photo, { name, origin, onProgress }) {
  const data = new FormData();
  data.append("token", form.elements.token.value);
  data.append("origin", origin);
  data.append("photo", photo, name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.timeout = PATIENCE;
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (step) => step.lengthComputable && onProgress(step.loaded / step.total);
    request.onload = () => settle(request, resolve, reject);
    request.onerror = () => reject({ say: "offline" });
    request.ontimeout = () => reject({ say: "offline" });
    request.send(data);
  });
}

function settle(request, resolve, reject) {
  const answer = parse(request.responseText);
  if (answer && answer.next) resolve(answer);
  else if (answer && answer.error) reject({ error: answer.error, status: request.status });
  else reject({ say: request.status >= 500 ? "trouble" : "expired" });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}
