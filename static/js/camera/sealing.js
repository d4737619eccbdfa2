// A photo and what belongs to it, encrypted for the browser's store with a key that only the pages of its owner carry.

const NONCE = 12; // bytes, as AES-GCM wants them

// Resolves to {owner, at, iv, sealed}; rejects without https, where there is no encryption.
export async function sealed(key, photo, details) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const plain = await bytesOf(new Blob([JSON.stringify({ ...details, type: photo.type }), "\n", photo]));
  const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await cipherOf(key), plain);
  return { owner: await ownerOf(key), at: Date.now(), iv, sealed: bytes };
}

// Resolves to {photo, ...details} of a record; rejects with another key than the one that sealed it.
export async function opened({ iv, sealed: bytes }, key) {
  const plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await cipherOf(key), bytes));
  const end = plain.indexOf("\n".charCodeAt(0));
  const { type, ...details } = JSON.parse(new TextDecoder().decode(plain.subarray(0, end)));
  return { ...details, photo: new Blob([plain.subarray(end + 1)], { type }) };
}

const bytesOf = (blob) => new Response(blob).arrayBuffer();
const rawOf = (key) => Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
const cipherOf = (key) => crypto.subtle.importKey("raw", rawOf(key), "AES-GCM", false, ["encrypt", "decrypt"]);

// A name of whose key it is that does not give the key away.
export async function ownerOf(key) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", rawOf(key))).join("-");
}
