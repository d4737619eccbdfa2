// The photo that was taken and is not sent yet, kept in the browser through sign-in, a reload and a lost network. It is encrypted
// with the student's own key, which only the pages of that student carry: on a shared phone nobody else can read it.
import { opened, ownerOf, sealed } from "./sealing.js";
import { inStore } from "./store.js";

const HOURS = 24; // over a night in which the camera is closed; the sentences of the pages say so
const PLACE = { database: "tucai", name: "photos" };
const RECORD = "unsent";

let last = Promise.resolve(); // what is kept and deleted happens in the order that it was asked for
const inTurn = (task) => (last = last.then(task));

// Resolves to whether the photo is kept. `details` are {name, origin, token, film (as text)}.
export const keep = (key, photo, details) => inTurn(() => put(key, photo, details));

async function put(key, photo, details) {
  try {
    const record = await sealed(key, photo, details);
    await inStore(PLACE, "readwrite", (store) => store.put(record, RECORD));
    return true;
  } catch (error) {
    return false; // private windows and full devices refuse, and without https there is no encryption
  }
}

// Resolves to {photo, name, origin, token, film, at} of the student whose key it is, or null. What is too old or somebody else's is deleted.
export async function find(key) {
  let record = null;
  try {
    record = await recordOf(key);
    return record && { ...(await opened(record, key)), at: record.at };
  } catch (error) {
    if (record) await drop(); // no key opens it any more; where the store gave no answer the photo stays for the next visit
    return null;
  }
}

// Resolves to whether a photo is kept on this device: the student's whose key it is or, without a key, anybody's.
export async function has(key) {
  try {
    return Boolean(await recordOf(key));
  } catch (error) {
    return false;
  }
}

// Resolves when the photo is deleted, and also where nothing can be kept.
export const drop = () => inTurn(remove);

async function remove() {
  try {
    await inStore(PLACE, "readwrite", (store) => store.delete(RECORD));
  } catch (error) {
    // Where the store cannot be opened nothing was kept either.
  }
}

async function recordOf(key) {
  const record = await inStore(PLACE, "readonly", (store) => store.get(RECORD));
  if (!record) return null;
  const isOld = Date.now() - record.at > HOURS * 3600 * 1000;
  if (!isOld && (!key || record.owner === (await ownerOf(key)))) return record;
  await drop();
  return null;
}
