// The newest frames before the shutter, drawn small and kept as canvases, which costs little; only develop() writes them as
// JPEG, as the film that vision/live/film.py reads. The page has one, and so has the worker that draws in its place.

const FRAMES = 10;
const LEAST = 5; // fewer frames say nothing
const OLDEST = 3000; // ms before the shutter: a slow phone takes longer over ten
const [WIDTH, HEIGHT] = [192, 256];
const QUALITIES = [0.8, 0.6];
const MOST = 150000; // bytes in all

// `newSheet(width, height)` makes a canvas, `encoded(sheet, quality)` resolves to it as a JPEG.
export function reelOf(newSheet, encoded) {
  let kept = []; // {sheet, at}, the oldest first
  const free = [];

  // `area` of the frame, {x, y, width, height}; `at`: ms, on the clock of whoever calls.
  function note(frame, { x, y, width, height }, at) {
    const sheet = kept.length === FRAMES ? kept.shift().sheet : free.pop() || newSheet(WIDTH, HEIGHT);
    const pen = sheet.getContext("2d");
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(frame, x, y, width, height, 0, 0, WIDTH, HEIGHT);
    kept.push({ sheet, at });
  }

  function clear() {
    free.push(...kept.map(({ sheet }) => sheet));
    kept = [];
  }

  // Resolves to the film, a Blob, or to null. `now`: ms, on the same clock.
  async function develop(now) {
    const all = kept;
    kept = [];
    const film = await written(all.filter(({ at }) => now - at < OLDEST).map(({ sheet, at }) => ({ sheet, age: Math.round(now - at) })));
    free.push(...all.map(({ sheet }) => sheet));
    return film;
  }

  async function written(frames) {
    if (frames.length < LEAST) return null;
    for (const quality of QUALITIES) {
      const pictures = await Promise.all(frames.map(({ sheet }) => encoded(sheet, quality)));
      if (pictures.some((picture) => !picture)) return null;
      const line = JSON.stringify({ frames: pictures.map(({ size }, n) => ({ at: frames[n].age, size })) });
      const film = new Blob([`${line}\n`, ...pictures]);
      if (film.size <= MOST) return film;
    }
    return null;
  }

  return { note, clear, develop };
}
