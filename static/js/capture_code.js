// Scans a capture code: once a second a small frame goes to the server, which answers the text of the code in it.
// Without a camera, or without this script, the saved picture is chosen instead.
const box = document.querySelector("[data-code-camera]");
const form = document.querySelector("#signin");
const video = box.querySelector("video");
const say = box.querySelector("[data-say]");
const start = box.querySelector("[data-start]");
const SIDE = 960; // px, the longer side of a frame
const PAUSE = 900; // ms between an answer and the next frame
const MOST = 40; // frames

function wait(milliseconds) {
  return new Promise((done) => { setTimeout(done, milliseconds); });
}

function frame() {
  const factor = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * factor);
  canvas.height = Math.round(video.videoHeight * factor);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.8); });
}

async function read() {
  const data = new FormData();
  data.append("picture", await frame(), "frame.jpg");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const answer = await fetch(box.dataset.read, { method: "POST", body: data, headers: { "X-CSRFToken": token } });
    return answer.ok ? (await answer.json()).code : "";
  } catch (error) {
    return ""; // no network for a moment: the next frame tries again
  }
}

function stop() {
  for (const track of video.srcObject ? video.srcObject.getTracks() : []) track.stop();
  video.srcObject = null;
  video.hidden = true;
  start.hidden = false;
}

async function scan() {
  start.hidden = true;
  say.textContent = "";
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    await video.play();
  } catch (error) {
    stop();
    say.textContent = box.dataset.none;
    return;
  }
  for (let n = 0; n < MOST && video.srcObject; n += 1) {
    await wait(PAUSE);
    const code = document.hidden ? "" : await read();
    if (code) {
      form.elements.capture_code.value = code;
      stop();
      say.textContent = box.dataset.readOk;
      return;
    }
  }
  stop();
  say.textContent = box.dataset.lost;
}

if (navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
  box.hidden = false;
  start.addEventListener("click", scan);
  form.elements.picture.addEventListener("change", () => { form.elements.capture_code.value = ""; });
}
