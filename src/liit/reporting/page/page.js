"use strict";
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name in element && typeof value !== "string") element[name] = value;
    else if (value !== null && value !== false) element.setAttribute(name, value);
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
};
const save = (name, kind, text) => {
  const link = make("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
const csv = rows => rows.map(row => row.map(value => {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",")).join("\n") + "\n";
const button = (text, label, act) =>
  make("button", { type: "button", class: "plain", "aria-label": label, title: label, onclick: act }, text);

// Tables: sorted by a click on a head, filtered by words, and to be had as CSV.
const sort = head => {
  const table = head.closest("table"), up = head.getAttribute("aria-sort") === "descending";
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
};
const MANY = 5;
for (const table of document.querySelectorAll(".scroll > table:not(.heat)")) {
  for (const press of table.querySelectorAll("th button"))
    press.addEventListener("click", () => sort(press.parentElement));
  const box = table.parentElement, rows = [...table.tBodies[0].rows];
  const title = table.closest("section").querySelector("h2").textContent;
  const count = make("output", { "aria-live": "polite" });
  const find = make("input", {
    type: "search", placeholder: "Filter rows", "aria-label": `Filter the rows of ${title}`,
    oninput: () => {
      const words = find.value.toLowerCase().split(/\s+/);
      for (const row of rows)
        row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
      const left = rows.filter(row => !row.hidden).length;
      count.textContent = left < rows.length ? `${left} of ${rows.length}` : "";
    },
  });
  const cells = row => [...row.cells].map(cell => cell.dataset.sort ?? cell.textContent.trim());
  const whole = () => csv([...table.rows].filter(row => !row.hidden).map(cells));
  const name = `${table.closest("section").id}.csv`;
  const tools = make("div", { class: "tools" },
    rows.length > MANY ? find : null, count,
    button("CSV", `Save the rows of ${title} as CSV`, () => save(name, "text/csv", whole())));
  if (rows.length > 2) box.before(tools);
}
for (const box of document.querySelectorAll(".scroll, .plot")) {
  const settle = () => {
    const over = box.scrollWidth > box.clientWidth + 1;
    if (over) { box.tabIndex = 0; box.setAttribute("role", "region"); box.setAttribute("aria-label", "scrolls sideways"); }
    else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  };
  new ResizeObserver(settle).observe(box);
}

// Figures: what they show, to be had as numbers and as a drawing.
for (const figure of document.querySelectorAll("figure[data-name]")) {
  const name = figure.dataset.name, rows = figure.querySelector("script.rows"), svg = figure.querySelector("svg");
  const drawing = () => {
    const copy = svg.cloneNode(true), ink = getComputedStyle(document.documentElement);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return copy.outerHTML.replaceAll(/var\((--[a-z]+)\)/g, (_, variable) => ink.getPropertyValue(variable).trim());
  };
  figure.querySelector("figcaption").after(make("div", { class: "tools" },
    rows && button("CSV", `Save the numbers of ${name} as CSV`,
      () => save(`${name}.csv`, "text/csv", csv(JSON.parse(rows.textContent)))),
    button("SVG", `Save ${name} as SVG`, () => save(`${name}.svg`, "image/svg+xml", drawing()))));
}

// Methods: picked out in every figure by pointing at them or by choosing their chip.
const labels = JSON.parse(document.querySelector("#labels")?.textContent ?? "{}");
const marks = [...document.querySelectorAll("svg [data-method]")];
let pinned = null;
const show = method => {
  for (const svg of document.querySelectorAll("figure svg"))
    svg.classList.toggle("picked", method !== null
      && marks.some(mark => mark.dataset.method === method && svg.contains(mark)));
  for (const mark of marks) mark.classList.toggle("on", mark.dataset.method === method);
  for (const chip of document.querySelectorAll(".chips button"))
    chip.setAttribute("aria-pressed", String(chip.dataset.method === method));
};
for (const mark of marks) {
  const name = document.createElementNS("http://www.w3.org/2000/svg", "title");
  name.textContent = labels[mark.dataset.method] ?? mark.dataset.method;
  mark.prepend(name);
}
for (const mark of [...document.querySelectorAll(".chips button, tr[data-method]"), ...marks]) {
  const method = mark.dataset.method;
  mark.addEventListener("mouseenter", () => show(method));
  mark.addEventListener("mouseleave", () => show(pinned));
  mark.addEventListener("focusin", () => show(method));
  mark.addEventListener("focusout", () => show(pinned));
  if (mark.tagName === "BUTTON")
    mark.addEventListener("click", () => { pinned = pinned === method ? null : method; show(pinned); });
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
