// A long select of options in groups, such as classes by college: the group is chosen first, in a select before it.
// What is chosen stays in the select whatever group is shown, so that a multiple one sends it.
const FEW = 40; // options that are offered without a group

for (const select of document.querySelectorAll("select[data-by-group]")) {
  const groups = [...select.querySelectorAll("optgroup")];
  if (select.length > FEW && groups.length > 1) narrow(select, groups);
}

function narrow(select, groups) {
  const always = [...select.children].filter((child) => !groups.includes(child));
  const above = document.createElement("select");
  above.setAttribute("aria-label", select.dataset.byGroup);
  above.append(new Option(select.dataset.byGroup, ""), ...groups.map(({ label }, index) => new Option(label, index)));
  const first = groups.findIndex(hasChosen);
  above.value = first < 0 ? "" : first;
  const show = () => select.replaceChildren(...always, ...groups.filter((group, index) => above.value === `${index}` || hasChosen(group)));
  above.addEventListener("change", () => {
    if (!select.multiple) select.value = "";
    show();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  (select.closest("label") || select).before(above);
  show();
}

function hasChosen(group) {
  return [...group.children].some((option) => option.selected);
}
