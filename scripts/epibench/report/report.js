"use strict";

// Sorting: each heading of a sortable table becomes a button. Missing values stay last.
function asNumber(text) {
  return text === "" ? NaN : Number(text.replace("\u2212", "-").replaceAll(",", ""));
}

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
  return text === "–" ? "" : text;
}

function compare(a, b) {
  const x = asNumber(a), y = asNumber(b);
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}

function sortRows(table, heading) {
  const sign = heading.getAttribute("aria-sort") === "ascending" ? 1 : -1;
  for (const body of table.tBodies) {
    const keyed = [...body.rows].map((row) => [valueOf(row, heading.cellIndex), row]);
    keyed.sort(([a], [b]) =>
      a === "" || b === "" ? (a === "") - (b === "") : sign * compare(a, b));
    body.append(...keyed.map(([, row]) => row));
  }
}

function sortBy(table, heading) {
  const first = heading.dataset.first || "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? other : first;
  for (const th of heading.parentElement.cells) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  sortRows(table, heading);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    if ("fixed" in heading.dataset) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, heading));
    heading.append(button);
  }
}

// Leaderboard: the page has the rows of one view; those of the others are made of these columns.
const board = JSON.parse(document.getElementById("leaderboard-data").textContent);
const controls = document.getElementById("leaderboard-controls");
const scoreBody = document.querySelector("tbody[data-scores]");
const targetBodies = [...document.querySelectorAll("tbody[data-by-target]")];
const known = new Map(board.predictors.map((predictor) => [predictor.predictor, predictor]));

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function tableRow({ kind, label, page, predictor }) {
  const row = element("tr", ["run", "outside"].includes(kind) ? kind : "reference");
  const name = element("th");
  name.scope = "row";
  name.title = predictor;
  if (page) {
    const link = element("a", "", label);
    link.href = page;
    name.append(link);
  } else {
    name.append(label);
  }
  row.append(name);
  return row;
}

function axisCell(text) {
  return element("td", asNumber(text) >= 0 ? "n" : "", text);
}

function strip({ scale, ceiling }, value, low, high) {
  const [from, to] = scale;
  const place = (x) => `${(100 * Math.min(1, Math.max(0, (x - from) / (to - from)))).toFixed(1)}%`;
  const made = element("span", "interval");
  made.style.setProperty("--v", place(value));
  made.style.setProperty("--l", place(Number.isNaN(low) ? value : low));
  made.style.setProperty("--h", place(Number.isNaN(high) ? value : high));
  if (ceiling !== null) made.style.setProperty("--c", place(ceiling));
  return made;
}

function scoreCell(column, at) {
  const [text, low, high] = [column.value, column.low, column.high].map((part) => part?.[at]);
  const cell = element("td", "n", text);
  const value = asNumber(text);
  cell.dataset.value = Number.isNaN(value) ? "" : value;
  if (low && low !== "–") cell.append(element("span", "span", `(${low} to ${high})`));
  if (column.scale && text !== "–") {
    cell.append(strip(column, value, asNumber(low || ""), asNumber(high || "")));
  }
  return cell;
}

const split = (text) => (text === undefined ? undefined : text.split(" "));

function drawScores(view) {
  const columns = Object.fromEntries(Object.entries(view.scores).map(([name, column]) =>
    [name, { ...column, value: split(column.value), low: split(column.low), high: split(column.high) }]));
  const headings = [...scoreBody.parentElement.tHead.rows[0].cells].slice(1);
  scoreBody.replaceChildren(...view.rows.map((place, at) => {
    const predictor = board.predictors[place];
    const row = tableRow(predictor);
    if (predictor.kind !== "run") row.cells[0].append(element("span", "kind", predictor.kind));
    if (view.extra[at]) row.cells[0].append(element("small", "", view.extra[at]));
    for (const { dataset: { column } } of headings) {
      row.append(column in columns ? scoreCell(columns[column], at) : axisCell(predictor.axes[column]));
    }
    return row;
  }));
}

function drawTargets(body, part) {
  const headings = body.parentElement.tHead.rows[0].cells;
  const axes = [...headings].map((heading) => heading.dataset.column).filter(Boolean);
  const columns = part.targets.map(split);
  body.replaceChildren(...part.rows.map((place, at) => {
    const predictor = board.predictors[place];
    const row = tableRow(predictor);
    for (const axis of axes) row.append(axisCell(predictor.axes[axis]));
    for (const column of columns) row.append(element("td", "n", column[at]));
    return row;
  }));
}

// Show the chosen bin size and scaling, sorted as before.
function draw() {
  const { bin, scaling } = Object.fromEntries(new FormData(controls));
  drawScores(board.views[`${bin} ${scaling}`]);
  for (const body of targetBodies) {
    const parts = board.by_target[body.dataset.byTarget];
    drawTargets(body, parts[bin] || parts[`${bin} ${scaling}`]);
  }
  for (const { parentElement: table } of [scoreBody, ...targetBodies]) {
    const heading = table.querySelector("th[aria-sort]");
    if (heading) sortRows(table, heading);
  }
}

// Hide the rows that do not have what is searched for, and the columns that are not chosen.
function choose() {
  const given = new FormData(controls);
  const words = given.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  const axes = [...controls.querySelectorAll("select[data-axis]")].filter((select) => select.value);
  const wanted = (row) => {
    const { kind, label, predictor, axes: values } = known.get(row.cells[0].title);
    const isRun = kind === "run";
    if (given.get("kind") && isRun !== (given.get("kind") === "run")) return false;
    if (!isRun && kind !== "outside" && given.has("keep")) return true;
    const text = [label, kind, predictor, ...Object.values(values)].join(" ").toLowerCase();
    return words.every((word) => text.includes(word)) &&
      axes.every((select) => values[select.dataset.axis] === select.value);
  };
  for (const body of [scoreBody, ...targetBodies]) {
    for (const row of body.rows) row.hidden = !wanted(row);
  }
  const columns = new Set(given.getAll("column"));
  for (const { cellIndex, dataset: { column } } of scoreBody.parentElement.tHead.rows[0].cells) {
    if (!column) continue;
    for (const row of scoreBody.parentElement.rows) row.cells[cellIndex].hidden = !columns.has(column);
  }
  const shown = [...scoreBody.rows].filter((row) => !row.hidden).length;
  document.getElementById("leaderboard-status").textContent =
    `${board.views[`${given.get("bin")} ${given.get("scaling")}`].status} ${shown} ${shown === 1 ? "row is" : "rows are"} shown.`;
}

controls.hidden = false;
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("input", choose);
controls.addEventListener("change", (event) => {
  if (["bin", "scaling"].includes(event.target.name)) draw();
  choose();
});
controls.addEventListener("reset", () => setTimeout(() => { draw(); choose(); }));
choose();

// Contents: folded on narrow screens; the section that is read is marked.
const contents = document.querySelector("nav details");
const wide = matchMedia("(min-width: 75rem)");
const fold = () => { contents.open = wide.matches; };
wide.addEventListener("change", fold);
fold();
contents.addEventListener("click", (event) => { if (event.target.closest("a")) fold(); });

const links = [...contents.querySelectorAll("a")];
const sections = links.map((link) => document.getElementById(link.hash.slice(1)));
const visible = new Set();

function keepInSight(link) {
  const nav = contents.parentElement;
  const below = link.offsetTop - nav.scrollTop;
  if (below < 0 || below > nav.clientHeight - 60) nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
}

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) visible.add(target);
    else visible.delete(target);
  }
  const current = sections.findLastIndex((section) => visible.has(section));
  links.forEach((link, place) => {
    if (place === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  if (wide.matches && current >= 0) keepInSight(links[current]);
}, { rootMargin: "0px 0px -70% 0px" });
for (const section of sections) observer.observe(section);

// A printed page shows what is folded.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});

// The methods can be copied where the browser allows it.
const copy = document.getElementById("copy-methods");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("paste").innerText);
    copy.textContent = "Copied";
  });
}
