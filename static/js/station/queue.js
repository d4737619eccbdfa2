// The photos that a station has taken and not sent yet, encrypted in the browser with the key of station and helper. They are
// sent in their order, and deleted when they have arrived, when the server refuses them for good, or after a day.
import { opened, ownerOf, sealed } from "../camera/sealing.js";
import { inStore } from "../camera/store.js";

const PLACE = { database: "tucai-station", name: "queue" };
const HOURS = 24;

// Resolves to whether the photo would outlive the page. `details` are {token, takenAt, student, ticks, film (as text)}.
export async function add(key, photo, details) {
  try {
    const record = await sealed(key, photo, details);
    await inStore(PLACE, "readwrite", (store) => store.put(record, details.token));
    return true;
  } catch (error) {
    inMemory.set(details.token, { ...details, photo, at: Date.now() });
    return false; // private windows and full devices refuse
  }
}

const inMemory = new Map();

export async function remove(token) {
  inMemory.delete(token);
  await inStore(PLACE, "readwrite", (store) => store.delete(token)).catch(() => null);
}

// Resolves to the tokens of this key's photos, the oldest first. What is too old, or belongs to another key, is deleted.
export async function tokens(key) {
  const found = [...inMemory].map(([token, { at }]) => ({ token, at }));
  const owner = await ownerOf(key).catch(() => "");
  const names = (await inStore(PLACE, "readonly", (store) => store.getAllKeys()).catch(() => null)) || [];
  for (const token of names) {
    const record = await inStore(PLACE, "readonly", (store) => store.get(token)).catch(() => null);
    if (!record) continue;
    if (record.owner === owner && Date.now() - record.at < HOURS * 3600 * 1000) found.push({ token, at: record.at });
    else await remove(token);
  }
  return found.sort((one, other) => one.at - other.at).map(({ token }) => token);
}

// Resolves to {photo, token, takenAt, student, ticks, film}, or null.
export async function read(key, token) {
  if (inMemory.has(token)) return inMemory.get(token);
  const record = await inStore(PLACE, "readonly", (store) => store.get(token)).catch(() => null);
  return record && opened(record, key).catch(() => null);
}
