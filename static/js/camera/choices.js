// What the owner of this device has chosen on the camera page; it holds for the next visit too.

export function recall(name) {
  try {
    return localStorage.getItem(`camera.${name}`);
  } catch (error) {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`camera.${name}`, value);
  } catch (error) {
    // Private windows may refuse: then the choice holds for this page.
  }
}
