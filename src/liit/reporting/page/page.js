"use strict";
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, table = head.closest("table");
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[head.cellIndex].dataset.sort;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = key(a), y = key(b), p = parseFloat(x), q = parseFloat(y);
      if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1;
      const order = Number.isNaN(p) ? x.localeCompare(y) : p - q;
      return up ? order : -order;
    });
    table.tBodies[0].append(...rows);
  });
}
let pinned = null;
const show = method => {
  for (const svg of document.querySelectorAll("figure svg")) {
    const has = method !== null && svg.querySelector(`[data-method="${method}"]`);
    svg.classList.toggle("picked", Boolean(has));
  }
  for (const mark of document.querySelectorAll("svg [data-method]"))
    mark.classList.toggle("on", mark.dataset.method === method);
  for (const chip of document.querySelectorAll(".chips button"))
    chip.setAttribute("aria-pressed", String(chip.dataset.method === method));
};
for (const chip of document.querySelectorAll(".chips button, tr[data-method]")) {
  const method = chip.dataset.method;
  chip.addEventListener("mouseenter", () => show(method));
  chip.addEventListener("mouseleave", () => show(pinned));
  if (chip.tagName === "BUTTON")
    chip.addEventListener("click", () => { pinned = pinned === method ? null : method; show(pinned); });
}
document.querySelector("#theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
const open = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", open);
open();
