// Filters and sorts the tables of a page. Without it every table stands complete, in the order it was written.
"use strict";

(() => {
  const tidy = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();

  function filterTable(tools) {
    const table = document.getElementById(tools.dataset.tools);
    const rows = Array.from(table.tBodies[0].rows);
    const texts = new Map(rows.map((row) => [row, tidy(row.textContent)]));
    const search = tools.querySelector("[data-search]");
    const selections = Array.from(tools.querySelectorAll("[data-column]"));
    const count = tools.querySelector("[data-count]");
    const nothing = document.createElement("p");
    nothing.className = "empty";
    nothing.textContent = "No row fits. Clear the search or choose “all”.";
    nothing.hidden = true;
    table.closest(".scroller").after(nothing);

    const update = () => {
      const words = tidy(search.value).split(" ").filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits =
          words.every((word) => texts.get(row).includes(word)) &&
          selections.every((one) => !one.value || row.getAttribute("data-" + one.dataset.column) === one.value);
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      nothing.hidden = shown > 0;
      count.textContent = (shown < rows.length ? shown + " of " : "") + rows.length + " " + tools.dataset.noun;
    };
    search.addEventListener("input", update);
    selections.forEach((one) => one.addEventListener("change", update));
    tools.hidden = false;
    update();
  }

  function valueOf(row, column, isNumber) {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!isNumber) {
      return text.toLowerCase();
    }
    const number = text === "" ? NaN : Number(text.replaceAll(",", ""));
    return Number.isNaN(number) ? null : number;
  }

  function sortBy(table, heads, head) {
    const isNumber = head.dataset.sort === "number";
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? second : first;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = Array.from(table.tBodies[0].rows).map((row) => [valueOf(row, head.cellIndex, isNumber), row]);
    keyed.sort(([one], [other]) => {
      if (one === null || other === null) {
        return (one === null ? 1 : 0) - (other === null ? 1 : 0);
      }
      return sign * (isNumber ? one - other : one.localeCompare(other));
    });
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  }

  function makeSortable(table) {
    const heads = Array.from(table.tHead.rows[0].cells).filter((head) => head.dataset.sort);
    for (const head of heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(table, heads, head));
    }
  }

  document.querySelectorAll("[data-tools]").forEach(filterTable);
  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
})();
