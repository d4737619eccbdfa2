// Draws the frames of the film beside the page's own thread, for browsers that can hand a frame to a worker: {frame, area, at} is
// answered by {noted}, {develop: now} by {film, develop}, {clear} by nothing; what fails by {failed}. A module: whoever has VideoFrame can run it.
import { reelOf } from "./reel.js";

const reel = reelOf(
  (width, height) => new OffscreenCanvas(width, height), // newer: no browser with VideoFrame is without it
  (sheet, quality) => sheet.convertToBlob({ type: "image/jpeg", quality }),
);

self.onmessage = async ({ data: { frame, area, at, develop, clear } }) => {
  try {
    if (frame) {
      reel.note(frame, area, at);
      frame.close();
      self.postMessage({ noted: true });
    } else if (clear) {
      reel.clear();
    } else {
      self.postMessage({ film: await reel.develop(develop), develop });
    }
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
