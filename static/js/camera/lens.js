// The camera itself: opening it, the part of its picture that is the photo, and taking one.

const LONGEST = 2400; // px: more would only take longer to send
const QUALITY = 0.92;
const ENOUGH = 800; // px across the crop from which a frame of the video is as good as a photo
const PATIENCE = 4000; // ms that a phone may take for a photo of its own
const [TRY_WIDTH, TRY_HEIGHT] = [12, 16];
const ALIKE = 6; // grey levels, in the mean: one frame drawn twice

export const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

// Resolves to a stream; rejects with an error whose name is in REASONS, or "unsupported".
export async function open(facing, device = "") {
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw Object.assign(new Error("no camera API"), { name: "unsupported" });
  const which = device ? { deviceId: { ideal: device } } : { facingMode: { ideal: facing } };
  const wish = { ...which, width: { ideal: 1920 }, height: { ideal: 1440 }, aspectRatio: { ideal: 4 / 3 } };
  return navigator.mediaDevices.getUserMedia({ video: wish, audio: false });
}

export function close(stream) {
  for (const track of stream ? stream.getTracks() : []) track.stop();
}

// The cameras of this device; they have names once one of them was allowed.
export async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput");
}

export const deviceOf = (stream) => stream.getVideoTracks()[0].getSettings().deviceId || "";

// Front cameras are shown as a mirror, because people expect one; the photo itself never is.
export function isFront(stream, asked) {
  const { facingMode: facing } = stream.getVideoTracks()[0].getSettings();
  return facing ? facing === "user" : asked === "user";
}

// The upright 3:4 part in the middle, which is what the stage shows.
export function cropOf(width, height) {
  const wide = width * 4 > height * 3;
  const across = wide ? (height * 3) / 4 : width;
  const down = wide ? height : (width * 4) / 3;
  return { x: (width - across) / 2, y: (height - down) / 2, width: across, height: Math.min(down, height) };
}

// Frames to be handed to a worker or closed: without a copy, so that the page's own thread does not feel them. `ready()` lets the worker
// of `finder` (camera/faces.js) draw one, once, and `isTrying()` says that it has not answered yet; `frameOf()` gives the present one, or
// null where there is none, where no worker draws, and where the first was not what the video shows.
export function frameGrabber(video, finder) {
  let able = false;
  let isTrying = false;
  let tried = null;

  async function attempt() {
    isTrying = true;
    try {
      able = "VideoFrame" in window && (await finder.willTake()) && (await isShown(new window.VideoFrame(video)));
    } catch (error) {
      able = false; // no frame of this video
    }
    isTrying = false;
  }

  // A frame that knows how it is turned is drawn upright, and needs only to show something; one of an older browser must be like the
  // video's own picture, which costs the page a long task where no graphics card helps.
  async function isShown(frame) {
    const whole = isWhole(frame);
    const shown = "rotation" in frame ? null : tinyOf(video); // newer: asked for
    const found = await finder.take(frame, { area: [0, 0, video.videoWidth, video.videoHeight], width: TRY_WIDTH, height: TRY_HEIGHT, isSmooth: true });
    if (!whole || !found) return false;
    return (!shown && isVaried(found.light)) || isAlike(shown || tinyOf(video), found.light);
  }

  const isWhole = (frame) => frame.displayWidth === video.videoWidth && frame.displayHeight === video.videoHeight;

  function frameOf() {
    if (!able || video.readyState < video.HAVE_CURRENT_DATA) return null;
    const frame = new window.VideoFrame(video);
    if (isWhole(frame)) return frame;
    frame.close(); // the phone is being turned
    return null;
  }

  return { ready: () => (tried = tried || attempt()), isTrying: () => isTrying, frameOf };
}

function tinyOf(video) {
  const pen = Object.assign(document.createElement("canvas"), { width: TRY_WIDTH, height: TRY_HEIGHT }).getContext("2d");
  pen.drawImage(video, 0, 0, TRY_WIDTH, TRY_HEIGHT);
  return pen.getImageData(0, 0, TRY_WIDTH, TRY_HEIGHT).data;
}

const isVaried = (pixels) => pixels.some((value, i) => i % 4 < 3 && Math.abs(value - pixels[i % 4]) > ALIKE);
const isAlike = (one, other) => one.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0) <= ALIKE * one.length;

export async function take(video, stream) {
  const crop = cropOf(video.videoWidth, video.videoHeight);
  const own = crop.width < ENOUGH ? await ownPhoto(stream, crop) : null;
  const source = own || video;
  const size = own ? cropOf(own.width, own.height) : crop;
  const blob = await encode(source, size);
  if (own) own.close();
  return blob;
}

// The phone's own photo where the video is small; null where it has none, or takes too long over it.
async function ownPhoto(stream, crop) {
  if (!("ImageCapture" in window)) return null;
  try {
    const camera = new window.ImageCapture(stream.getVideoTracks()[0]);
    const able = await camera.getPhotoCapabilities();
    if (!able.imageWidth || able.imageWidth.max <= crop.width * 1.3) return null;
    const photo = await Promise.race([camera.takePhoto(), after(PATIENCE)]);
    return photo && (await createImageBitmap(photo, { imageOrientation: "from-image" }));
  } catch (error) {
    return null;
  }
}

function after(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, null));
}

function encode(source, crop) {
  const scale = Math.min(1, LONGEST / crop.height);
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(crop.width * scale);
  sheet.height = Math.round(crop.height * scale);
  sheet.getContext("2d").drawImage(source, crop.x, crop.y, crop.width, crop.height, 0, 0, sheet.width, sheet.height);
  return new Promise((resolve, reject) => {
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("empty picture"))), "image/jpeg", QUALITY);
  });
}
