// Ticks outlive paging: a list with data-kept (whose it is and its filters, from the server) and data-page keeps the
// values that were ticked on its other pages for this tab, until its filters change or something is done with them.
// data-form: the id of the form with which they go, where the list is none itself.
export const MOST = 500; // as students/lists/selection.py

const nameOf = () => `picks:${location.pathname}`;

function read(list) {
  try {
    const found = JSON.parse(sessionStorage.getItem(nameOf()) ?? "null");
    return found?.of === list.dataset.kept ? found.pages : {};
  } catch {
    return null; // no storage in this window: ticks end with the page
  }
}

function write(list, pages) {
  try {
    if (Object.keys(pages).length === 0) sessionStorage.removeItem(nameOf());
    else sessionStorage.setItem(nameOf(), JSON.stringify({ of: list.dataset.kept, pages }));
  } catch {
    // as above
  }
}

// The ticks of the page as they were left. A box that nobody has touched here takes the state that was kept.
export function restore(list) {
  const pages = "kept" in list.dataset ? read(list) : null;
  if (!pages) return;
  for (const box of list.querySelectorAll("input[data-pick]")) box.checked = box.value in pages;
  carry(list, pages);
}

// Keep the ticks of this page beside those of the others.
export function keep(list) {
  const pages = "kept" in list.dataset ? read(list) : null;
  if (!pages) return;
  for (const box of list.querySelectorAll("input[data-pick]")) {
    if (!box.checked) delete pages[box.value];
    else if (!(box.value in pages) && Object.keys(pages).length < MOST) pages[box.value] = list.dataset.page;
    box.checked = box.value in pages;
  }
  write(list, pages);
  carry(list, pages);
}

export function drop(list) {
  write(list, {});
  for (const box of list.querySelectorAll("input[data-pick]")) box.checked = false;
  carry(list, {});
}

// {number of ticks, number of pages they stand on}
export function count(list) {
  const here = list.querySelectorAll("input[data-pick]:checked").length;
  const others = [...list.querySelectorAll("input[data-elsewhere]")].map((input) => input.dataset.elsewhere);
  const pages = new Set(here ? [...others, list.dataset.page] : others);
  return { number: here + others.length, pages: pages.size };
}

// What is ticked on other pages goes along with the form of the list.
function carry(list, pages) {
  list.querySelectorAll("input[data-elsewhere]").forEach((input) => input.remove());
  const here = new Set([...list.querySelectorAll("input[data-pick]")].map((box) => box.value));
  for (const [value, page] of Object.entries(pages)) {
    if (here.has(value)) continue;
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: "pick", value });
    input.dataset.elsewhere = page;
    if (list.dataset.form) input.setAttribute("form", list.dataset.form);
    list.append(input);
  }
}

// A form about one row, .../17/approve/, takes that row out of the selection.
document.addEventListener("submit", (event) => {
  const about = new URL(event.target.action, location).pathname.match(/\/(\d+)\/[a-z-]+\/$/)?.[1];
  for (const list of document.querySelectorAll("[data-kept]")) {
    const pages = about && read(list);
    if (!pages || !(about in pages)) continue;
    delete pages[about];
    write(list, pages);
  }
});

// A form that does something with the ticked rows ends the selection.
document.addEventListener("submit", (event) => {
  const { submitter, target: form } = event; // newer: without it the selection only stays a little longer
  const ends = form.matches("[data-ends-picks]") || submitter?.matches("[data-ends-picks]");
  if (event.defaultPrevented || !(ends || form.querySelector("input[data-carried]"))) return;
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("picks:")) sessionStorage.removeItem(name);
  } catch {
    // as above
  }
});
