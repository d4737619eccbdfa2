// The second before the shutter, as a few small frames that go with the photo. While the camera is live the newest frames are
// kept as canvases, which costs little; only after the shutter are they written as JPEG. Where the device gives too few frames or
// takes too long there is no film, and the photo is sent without one.
import { cropOf } from "./lens.js";

const FRAMES = 10;
const EVERY = 100; // ms
const LEAST = 5; // fewer frames say nothing
const OLDEST = 3000; // ms before the shutter: a slow phone takes longer over ten
const [WIDTH, HEIGHT] = [192, 256];
const QUALITIES = [0.8, 0.6];
const MOST = 150000; // bytes in all
const PATIENCE = 3000; // ms for all frames

// `isLive()` says whether the camera shows the person. `begin()` and `end()` belong to a student; `develop()` resolves to the
// film, a Blob, or to null.
export function filmOf(video, isLive) {
  const sheets = Array.from({ length: FRAMES }, () => Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT }));
  let kept = []; // {sheet, at}, the oldest first
  let clock = 0;

  function note() {
    if (!isLive() || document.hidden || !video.videoWidth) return;
    const sheet = kept.length === FRAMES ? kept.shift().sheet : sheets.find((each) => !kept.some((one) => one.sheet === each));
    const { x, y, width, height } = cropOf(video.videoWidth, video.videoHeight);
    const pen = sheet.getContext("2d");
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(video, x, y, width, height, 0, 0, WIDTH, HEIGHT);
    kept.push({ sheet, at: performance.now() });
  }

  function end() {
    clearInterval(clock);
    clock = 0;
    kept = [];
  }

  function begin() {
    end();
    clock = setInterval(note, EVERY);
  }

  async function develop() {
    const now = performance.now();
    const frames = kept.filter(({ at }) => now - at < OLDEST);
    kept = [];
    if (frames.length < LEAST) return null;
    const ages = frames.map(({ at }) => Math.round(now - at));
    for (const quality of QUALITIES) {
      const pictures = await soon(Promise.all(frames.map(({ sheet }) => encoded(sheet, quality))));
      if (!pictures || pictures.some((picture) => !picture)) return null;
      const line = JSON.stringify({ frames: pictures.map(({ size }, n) => ({ at: ages[n], size })) });
      const film = new Blob([`${line}\n`, ...pictures]);
      if (film.size <= MOST) return film;
    }
    return null;
  }

  return { begin, end, develop };
}

const encoded = (sheet, quality) => new Promise((resolve) => sheet.toBlob(resolve, "image/jpeg", quality));
const soon = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, PATIENCE, null))]);

// A film as text, for what is kept in the browser beside a photo; and back.
export async function textOf(film) {
  if (!film) return "";
  const bytes = new Uint8Array(await new Response(film).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

export const blobOf = (text) => (text ? new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]) : null);
