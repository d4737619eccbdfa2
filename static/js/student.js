// What every page of a student does about a photo that this device keeps: it says so, and deletes what another student left.
import { drop, has } from "./camera/kept.js";

const { deviceKey } = document.querySelector(".me").dataset;

async function showKept() {
  const isKept = await has(deviceKey);
  for (const part of document.querySelectorAll("[data-kept]")) part.hidden = !isKept;
}

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-sign-out]")) return;
  event.preventDefault();
  await drop();
  event.target.submit();
});

showKept();
