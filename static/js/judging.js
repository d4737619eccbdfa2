// The photo rules: one click back to a limit's default; a field that is switched off cannot be typed into.

const holder = (element) => element.closest("[data-limit]");
const number = (limit) => limit.querySelector('input[type="number"]');
const off = (limit) => limit.querySelector('input[type="checkbox"]');

const show = (limit) => {
  const isOff = Boolean(off(limit)?.checked);
  number(limit).disabled = isOff;
  const isSet = isOff || number(limit).value !== "";
  limit.querySelector("[data-default]").hidden = !isSet;
  limit.querySelector("[data-default-words]").hidden = isSet;
  limit.classList.toggle("is-set", isSet);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-default]");
  if (!button) return;
  const limit = holder(button);
  if (off(limit)) off(limit).checked = false;
  number(limit).value = "";
  show(limit);
  number(limit).dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("input", (event) => {
  const limit = holder(event.target);
  if (limit) show(limit);
});

document.querySelectorAll("[data-limit]").forEach(show);

// An address that names a rule opens it.
const open = () => {
  const rule = location.hash && document.getElementById(location.hash.slice(1));
  if (!rule) return;
  for (let part = rule; part; part = part.parentElement) if (part.matches("details")) part.open = true;
  rule.scrollIntoView();
};
addEventListener("hashchange", open);
open();
