// The second before the shutter, as a few small frames that go with the photo. A worker draws them where frames can be handed to
// one, else the page. Where the device gives too few frames or takes too long there is no film, and the photo is sent without one.
import { cropOf } from "./lens.js";
import { reelOf } from "./reel.js";

const EVERY = 100; // ms
const PATIENCE = 3000; // ms for writing all frames

// `frameOf()` gives the video's frame or null, `isLive()` says whether the camera shows the person; `worker` is an address.
// `begin()` and `end()` belong to a student; `develop()` resolves to the film, a Blob, or to null.
export function filmOf({ video, frameOf, isLive, worker: address }) {
  const own = reelOf(
    (width, height) => Object.assign(document.createElement("canvas"), { width, height }),
    (sheet, quality) => new Promise((resolve) => sheet.toBlob(resolve, "image/jpeg", quality)),
  );
  let elsewhere = null;
  let reel = own;
  let clock = 0;

  function note() {
    if (!isLive() || document.hidden || !video.videoWidth) return;
    const frame = reel === own ? video : frameOf();
    if (frame) reel.note(frame, cropOf(video.videoWidth, video.videoHeight), performance.now());
  }

  function end() {
    clearInterval(clock);
    clock = 0;
    reel.clear();
  }

  function giveUp() {
    reel = elsewhere = own;
  }

  function begin() {
    end();
    const frame = frameOf();
    if (frame) frame.close();
    elsewhere = elsewhere || (frame && reelIn(address, giveUp)) || null;
    reel = (frame && elsewhere) || own;
    clock = setInterval(note, EVERY);
  }

  const develop = () => Promise.race([reel.develop(performance.now()), after(PATIENCE)]);

  return { begin, end, develop };
}

// A reel whose frames a worker draws, one at a time: what comes while it draws one is left out. Null where there is no worker;
// `fail()` is called when it turns out to be of no use.
function reelIn(address, fail) {
  let worker = null;
  let isBusy = false;
  let asked = 0; // when the film was asked for that somebody waits for
  let tell = null;
  try {
    worker = new Worker(address, { type: "module" }); // newer: older than VideoFrame, which was asked for
  } catch (error) {
    return null; // forbidden here
  }
  worker.onmessage = ({ data }) => {
    isBusy = false;
    if (asked && data.develop === asked) tell(data.film); // not a late one, which may be somebody else's
    if (data.failed) worker.onerror();
  };
  worker.onerror = () => {
    if (tell) tell(null);
    fail();
  };
  return {
    note(frame, area, at) {
      if (isBusy) return frame.close();
      isBusy = true;
      return worker.postMessage({ frame, area, at }, [frame]);
    },
    clear: () => worker.postMessage({ clear: true }),
    develop(now) {
      asked = now;
      worker.postMessage({ develop: now });
      return new Promise((resolve) => (tell = resolve));
    },
  };
}

const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds, null));

// A film as text, for what is kept in the browser beside a photo; and back.
export async function textOf(film) {
  if (!film) return "";
  const bytes = new Uint8Array(await new Response(film).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

export const blobOf = (text) => (text ? new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]) : null);
