"use strict";

// Sorting: each heading of a sortable table becomes a button. Missing values stay last.
function valueOf(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
}

function compare(a, b) {
  const x = Number(a), y = Number(b);
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}

function sortBy(table, heading) {
  const first = heading.dataset.first || "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? other : first;
  const sign = order === "ascending" ? 1 : -1;
  const column = heading.cellIndex;
  for (const th of heading.parentElement.cells) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  for (const body of table.tBodies) {
    const rows = [...body.rows].sort((p, q) => {
      const a = valueOf(p, column), b = valueOf(q, column);
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * compare(a, b);
    });
    body.append(...rows);
  }
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

// Leaderboard: show the rows of the chosen bin size and scaling.
const controls = document.getElementById("leaderboard-controls");

function show() {
  const { bin, scaling } = Object.fromEntries(new FormData(controls));
  for (const body of document.querySelectorAll("tbody[data-bin]")) {
    body.hidden = body.dataset.bin !== bin || (body.dataset.scaling || scaling) !== scaling;
    if (!body.hidden && body.dataset.status) {
      document.getElementById("leaderboard-status").textContent = body.dataset.status;
    }
  }
}

controls.hidden = false;
controls.addEventListener("change", show);
show();

// A printed page shows what is folded.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
