// The film of a photo on the light table: its frames lie in one place, and one after the other is seen. Without this script all
// of them stand side by side.
const EVERY = 150; // ms
const PAUSE = 600; // ms on the last frame
let clock = 0;

const frames = (film) => [...film.querySelectorAll(".film-frames img")];

function show(film, at) {
  film.dataset.at = at;
  frames(film).forEach((frame, n) => frame.classList.toggle("is-shown", n === at));
}

const next = (film) => (Number(film.dataset.at) + 1) % frames(film).length;

function play(film) {
  clearTimeout(clock);
  const step = () => {
    if (!film.isConnected || !film.open) return;
    show(film, next(film));
    clock = setTimeout(step, next(film) === 0 ? PAUSE : EVERY);
  };
  step();
}

// "toggle" does not bubble; the table is replaced by htmx, so that the page listens.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches("[data-film]") || !target.open) return;
    target.classList.add("is-one");
    target.querySelector("[data-film-keys]").hidden = false;
    show(target, 0);
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) play(target);
  },
  true,
);
document.addEventListener("click", ({ target }) => {
  const film = target.closest("[data-film]");
  if (!film) return;
  if (target.closest("[data-film-play]")) play(film);
  if (target.closest("[data-film-step]")) {
    clearTimeout(clock);
    show(film, next(film));
  }
});
