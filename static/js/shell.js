// Theme, side bar, and answers of htmx that are whole pages.
const root = document.documentElement;
const YEAR = 365 * 24 * 3600;
const OPEN_MENU = "details.menu[open], details.season-switch[open]";

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-theme-switch], [data-side-switch], [data-nav-open], [data-nav-close]");
  if (!target) return;
  if ("themeSwitch" in target.dataset) {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("theme", root.dataset.theme);
  } else if ("sideSwitch" in target.dataset) {
    root.dataset.side = root.dataset.side === "narrow" ? "wide" : "narrow";
    remember("side", root.dataset.side);
  } else {
    event.preventDefault();
    openNav("navOpen" in target.dataset);
  }
});

function openNav(open) {
  root.dataset.nav = open ? "open" : "";
  document.querySelector(open ? ".side a" : "[data-nav-open]")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (root.dataset.nav === "open") openNav(false);
  const menu = document.activeElement?.closest(OPEN_MENU);
  if (!menu) return;
  event.preventDefault(); // the page's own Escape waits for the next
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A menu made of <details> closes when one clicks elsewhere; by Escape, and its summary has the focus again.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(OPEN_MENU)) if (!menu.contains(event.target)) menu.open = false;
});

// An expired session answers a fragment's request with the sign-in page: go there instead of nesting it.
// A whole page of an error is not nested either; it is told by a toast.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, serverResponse, target, shouldSwap } = event.detail;
  if (!shouldSwap || target === document.body || !/^\s*<!doctype/i.test(serverResponse || "")) return;
  event.detail.shouldSwap = false;
  if (xhr.status >= 400) event.detail.isError = true;
  else location.assign(xhr.responseURL.includes("/accounts/") ? location.href : xhr.responseURL);
});

// A page that the browser brings back from its memory may be of somebody who has signed out: ask the server anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && !document.querySelector("#camera")) location.reload();
});

document.querySelector("[data-focus]")?.focus();
