"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // The style sheet owns every colour; a figure only names the role each trace plays.
  const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();

  function painted(trace) {
    const pattern = { ...trace.marker.pattern, fillmode: "overlay", fgcolor: colour("card"), size: 6, solidity: 0.3 };
    const line = { ...trace.marker.line, color: colour("card") };
    return { ...trace, marker: { ...trace.marker, color: colour(trace.meta.tone), pattern, line } };
  }

  function themed(layout) {
    const axis = { gridcolor: colour("grid"), zerolinecolor: colour("soft"), linecolor: colour("line") };
    return {
      ...layout,
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("soft") },
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink"), size: 13 } },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
    };
  }

  // Paper has a width of its own, which nobody tells before it is printed: that of A4 within its margins.
  function draw(width) {
    for (const element of plots) {
      const { data, layout } = figures[element.dataset.figure];
      const sized = { ...themed(layout), width, autosize: !width };
      Plotly.react(element, data.map(painted), sized, { displayModeBar: false, responsive: true });
    }
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, heads, column));
      head.append(button);
    });
  }

  function sort(table, heads, column) {
    const number = heads[column].classList.contains("number");
    const before = heads[column].getAttribute("aria-sort");
    const descending = before ? before === "ascending" : number;
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].sort((a, b) => compare(a.cells[column], b.cells[column], number));
    table.tBodies[0].append(...(descending ? rows.reverse() : rows));
  }

  function compare(a, b, number) {
    const [left, right] = [a, b].map((cell) => cell.dataset.sort ?? cell.textContent.trim());
    if (!number) return left.localeCompare(right);
    // What is no number stands below all that are.
    const [low, high] = [left, right].map((text) => Number.parseFloat(text));
    return (Number.isNaN(low) ? -Infinity : low) < (Number.isNaN(high) ? -Infinity : high) ? -1 : 1;
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((details) => { details.open = true; });
    document.documentElement.classList.add("printing");
    draw(660);
  });
  addEventListener("afterprint", () => {
    folded.forEach((details) => { details.open = false; });
    document.documentElement.classList.remove("printing");
    draw();
  });

  document.querySelectorAll("table").forEach(sortable);
  dark.addEventListener("change", () => draw());
  draw();
})();
