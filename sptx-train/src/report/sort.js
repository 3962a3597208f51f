"use strict";
// A click on a heading sorts its table by that column: numbers from the largest, names from A, and the next click turns
// it round.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => heading.addEventListener("click", () => {
    const numeric = heading.classList.contains("number");
    const before = heading.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : !numeric;
    const value = (row) => numeric ? parseFloat(row.cells[column].textContent) || 0 : row.cells[column].textContent;
    const compare = (a, b) => numeric ? value(a) - value(b) : value(a).localeCompare(value(b));
    const rows = [...body.rows].sort((a, b) => ascending ? compare(a, b) : compare(b, a));
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    body.append(...rows);
  }));
}
