// The photo that was taken and is not sent yet, kept in the browser through sign-in, a reload and a lost network. It is encrypted
// with the student's own key, which only the pages of that student carry: on a shared phone nobody else can read it.

const HOURS = 24; // over a night in which the camera is closed; the sentences of the pages say so
const [DATABASE, STORE, RECORD] = ["tucai", "photos", "unsent"];
const PATIENCE = 3000; // ms: some browsers never answer
const NONCE = 12; // bytes, as AES-GCM wants them

let last = Promise.resolve(); // what is kept and deleted happens in the order that it was asked for
const inTurn = (task) => (last = last.then(task));

// Resolves to whether the photo is kept. `details` are {name, origin, token}.
export const keep = (key, photo, details) => inTurn(() => seal(key, photo, details));

async function seal(key, photo, details) {
  try {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const plain = await bytesOf(new Blob([JSON.stringify({ ...details, type: photo.type }), "\n", photo]));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await cipherOf(key), plain);
    const record = { owner: await ownerOf(key), at: Date.now(), iv, sealed };
    await inStore("readwrite", (store) => store.put(record, RECORD));
    return true;
  } catch (error) {
    return false; // private windows and full devices refuse, and without https there is no encryption
  }
}

// Resolves to {photo, name, origin, token, at} of the student whose key it is, or null. What is too old or somebody else's is deleted.
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
    await inStore("readwrite", (store) => store.delete(RECORD));
  } catch (error) {
    // Where the store cannot be opened nothing was kept either.
  }
}

async function recordOf(key) {
  const record = await inStore("readonly", (store) => store.get(RECORD));
  if (!record) return null;
  const isOld = Date.now() - record.at > HOURS * 3600 * 1000;
  if (!isOld && (!key || record.owner === (await ownerOf(key)))) return record;
  await drop();
  return null;
}

async function opened({ iv, sealed }, key) {
  const plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await cipherOf(key), sealed));
  const end = plain.indexOf("\n".charCodeAt(0));
  const { type, ...details } = JSON.parse(new TextDecoder().decode(plain.subarray(0, end)));
  return { ...details, photo: new Blob([plain.subarray(end + 1)], { type }) };
}

const bytesOf = (blob) => new Response(blob).arrayBuffer();
const rawOf = (key) => Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
const cipherOf = (key) => crypto.subtle.importKey("raw", rawOf(key), "AES-GCM", false, ["encrypt", "decrypt"]);

// A name of the student that does not give the key away.
async function ownerOf(key) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", rawOf(key))).join("-");
}

// Resolves to the result of the request that `ask` makes of the store.
async function inStore(right, ask) {
  const database = await soon(open());
  try {
    return await soon(answerOf(database, right, ask));
  } finally {
    database.close();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error || new Error("blocked"));
  });
}

function answerOf(database, right, ask) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, right);
    const request = ask(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error || new Error("aborted"));
  });
}

function soon(promise) {
  return Promise.race([promise, new Promise((resolve, reject) => setTimeout(reject, PATIENCE, new Error("no answer")))]);
}
