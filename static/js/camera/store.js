// The browser's store: one table in a database.

const PATIENCE = 3000; // ms: some browsers never answer

// Resolves to the result of the request that `ask` makes of the store.
export async function inStore({ database: base, name }, right, ask) {
  const database = await soon(open(base, name));
  try {
    return await soon(answerOf(database, name, right, ask));
  } finally {
    database.close();
  }
}

function open(base, name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(base, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error || new Error("blocked"));
  });
}

function answerOf(database, name, right, ask) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, right);
    const request = ask(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error || new Error("aborted"));
  });
}

function soon(promise) {
  return Promise.race([promise, new Promise((resolve, reject) => setTimeout(reject, PATIENCE, new Error("no answer")))]);
}
