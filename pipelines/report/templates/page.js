// Filters and sorts the tables of a page. Without it a table stands in the order it was written; one that shows its rows
// a part at a time (`data-at-once`) then stands with the first part alone.
"use strict";

(() => {
  const tidy = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const counted = (number) => number.toLocaleString("en");

  // The rows of a table in their present order, of which those that fit are shown; the others are not in the document.
  function rowsOf(table) {
    const body = table.tBodies[0];
    const atOnce = Number(table.dataset.atOnce) || Infinity;
    const state = { all: Array.from(table.tBodies).flatMap((one) => Array.from(one.rows)), limit: atOnce };
    Array.from(table.tBodies).slice(1).forEach((further) => further.remove());
    let fits = () => true;
    let tell = () => {};
    const more = document.createElement("button");
    more.type = "button";
    more.className = "more-rows";
    more.addEventListener("click", () => {
      state.limit += atOnce;
      show();
    });
    table.closest(".scroller").after(more);

    function show() {
      const fitting = state.all.filter(fits);
      const shown = fitting.slice(0, state.limit);
      body.replaceChildren(...shown);
      const left = fitting.length - shown.length;
      more.hidden = left === 0;
      more.textContent = "Show " + counted(Math.min(left, atOnce)) + " more";
      tell(shown.length, fitting.length);
    }
    state.show = show;
    state.choose = (condition, listener) => {
      fits = condition;
      tell = listener;
    };
    more.hidden = true;
    return state;
  }

  function makeFilterable(tools, table, rows) {
    const search = tools.querySelector("[data-search]");
    const selections = Array.from(tools.querySelectorAll("[data-column]"));
    const count = tools.querySelector("[data-count]");
    const texts = new Map();
    const nothing = document.createElement("p");
    nothing.className = "empty";
    nothing.textContent = "No row fits. Clear the search or choose “all”.";
    nothing.hidden = true;
    table.closest(".scroller").after(nothing);

    const textOf = (row) => {
      if (!texts.has(row)) {
        texts.set(row, tidy(row.textContent));
      }
      return texts.get(row);
    };
    let words = [];
    rows.choose(
      (row) =>
        selections.every((one) => !one.value || row.getAttribute("data-" + one.dataset.column) === one.value) &&
        words.every((word) => textOf(row).includes(word)),
      (shown, fitting) => {
        nothing.hidden = fitting > 0;
        const of = fitting < rows.all.length ? counted(fitting) + " of " : "";
        const first = shown < fitting ? ", the first " + counted(shown) + " shown" : "";
        count.textContent = of + counted(rows.all.length) + " " + tools.dataset.noun + first;
      },
    );
    search.addEventListener("input", () => {
      words = tidy(search.value).split(" ").filter(Boolean);
      rows.show();
    });
    // the texts of thousands of rows are read before the first search, when nothing else is to do
    search.addEventListener("focus", () => rows.all.forEach(textOf), { once: true });
    selections.forEach((one) => one.addEventListener("change", rows.show));
    tools.hidden = false;
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

  function sortBy(rows, heads, head) {
    const isNumber = head.dataset.sort === "number";
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? second : first;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const compare = new Intl.Collator("en").compare;
    const keyed = rows.all.map((row) => [valueOf(row, head.cellIndex, isNumber), row]);
    keyed.sort(([one], [other]) => {
      if (one === null || other === null) {
        return (one === null ? 1 : 0) - (other === null ? 1 : 0);
      }
      return sign * (isNumber ? one - other : compare(one, other));
    });
    rows.all = keyed.map(([, row]) => row);
    rows.show();
  }

  function makeSortable(table, rows) {
    const heads = Array.from(table.tHead.rows[0].cells).filter((head) => head.dataset.sort);
    for (const head of heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(rows, heads, head));
    }
  }

  const tools = new Map(
    Array.from(document.querySelectorAll("[data-tools]"), (one) => [document.getElementById(one.dataset.tools), one]),
  );
  document.querySelectorAll("table[data-sortable]").forEach((table) => tools.set(table, tools.get(table) ?? null));
  for (const [table, bar] of tools) {
    const rows = rowsOf(table);
    if (bar) {
      makeFilterable(bar, table, rows);
    }
    if ("sortable" in table.dataset) {
      makeSortable(table, rows);
    }
    rows.show();
  }
})();
