// Asking and telling the server, in JSON. Both reject with {isOffline}, {isOver} or
// {error: the server's sentence, isFinal, wait: seconds after which it wants to be asked again}.

const PATIENCE = 90000; // ms
const LATER = [408, 429, 502, 503, 504];

export const ask = (url, query) => answerOf(`${url}?${new URLSearchParams(query)}`, { cache: "no-store" });

export function tell(url, csrf, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) body.append(name, value, "photo.jpg");
    else body.append(name, value);
  }
  return answerOf(url, { method: "POST", body, headers: { "X-CSRFToken": csrf } });
}

async function answerOf(url, options) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  const headers = { ...options.headers, Accept: "application/json" };
  const asked = { ...options, headers, credentials: "same-origin", signal: stop.signal };
  const response = await fetch(url, asked).catch(() => null);
  clearTimeout(timer);
  if (!response) throw { isOffline: true };
  if (response.status === 401) throw { isOver: true };
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw { wait, error: answer.error || "", isFinal: response.status < 500 && !answer.stale && !LATER.includes(response.status) };
}
