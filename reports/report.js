"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const drawn = new Set();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const said = document.getElementById("said");

  // --- charts -----------------------------------------------------------------------------------

  // The style sheet owns every colour; a figure only names the role each trace plays.
  const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();

  function painted(trace) {
    const tone = colour(trace.meta.tone);
    if (trace.type === "scatter") {
      return { ...trace, marker: { ...trace.marker, color: tone }, line: { ...trace.line, color: tone } };
    }
    const pattern = { ...trace.marker.pattern, fillmode: "overlay", fgcolor: colour("card"), size: 6, solidity: 0.3 };
    const line = { ...trace.marker.line, color: colour("card") };
    return { ...trace, marker: { ...trace.marker, color: tone, pattern, line } };
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

  function draw(element, width) {
    const { data, layout } = figures[element.dataset.figure];
    const sized = { ...themed(layout), width, autosize: !width };
    Plotly.react(element, data.map(painted), sized, { displayModeBar: false, responsive: true });
    drawn.add(element);
  }

  // What nobody looks at is not drawn: the page opens at once however much it holds.
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "300px" });

  // --- tables -----------------------------------------------------------------------------------

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

  const shownRows = (table) => [...table.rows].filter((row) => !row.hidden);
  const words = (cell) => cell.textContent.replace(/\s+/g, " ").trim();

  function copied(table) {
    // A number is copied exact: what is pasted into a sheet adds up.
    const text = (cell) => (cell.classList.contains("number") && cell.dataset.sort) || words(cell);
    return shownRows(table).map((row) => [...row.cells].map(text).join("\t")).join("\n");
  }

  function filter(table, text) {
    const wanted = text.trim().toLocaleLowerCase();
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row) => { row.hidden = wanted !== "" && !words(row).toLocaleLowerCase().includes(wanted); });
    // The sums below are of all rows.
    if (table.tFoot) table.tFoot.hidden = wanted !== "";
    return rows.filter((row) => !row.hidden).length;
  }

  function tools(table) {
    const bar = document.createElement("div");
    const name = table.caption.textContent;
    bar.className = "tools";
    if (table.tBodies[0].rows.length > 7 && !table.classList.contains("map")) bar.append(filterField(table, name));
    bar.append(button("Copy", `Copy ${name}`, () => copy(copied(table), `${name} copied`)));
    table.parentElement.before(bar);
  }

  function filterField(table, name) {
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = "Filter";
    field.setAttribute("aria-label", `Filter ${name}`);
    field.dataset.filter = table.dataset.key;
    field.addEventListener("input", () => {
      said.textContent = `${filter(table, field.value)} rows of ${name}`;
      remember(field.closest("section").id);
    });
    return field;
  }

  function button(text, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  async function copy(text, told) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Where the page may not write to the clipboard, what is selected can still be copied.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "hidden";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    said.textContent = told;
  }

  // --- one cut at a time ------------------------------------------------------------------------

  function switched(blocks) {
    const panels = [...blocks.children];
    const list = document.createElement("div");
    list.className = "switch";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", blocks.dataset.switch);
    const tabs = panels.map((panel) => {
      const title = panel.querySelector("h3");
      const tab = button(title.textContent, title.textContent, () => chosen(tabs, panels, tab));
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      tab.dataset.cut = title.textContent;
      panel.setAttribute("role", "tabpanel");
      return tab;
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
      tabs[at].focus();
      tabs[at].click();
    });
    list.append(...tabs);
    blocks.before(list);
    choose(tabs, panels, tabs[0]);
  }

  function choose(tabs, panels, tab) {
    tabs.forEach((one, at) => {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      panels[at].hidden = one !== tab;
    });
  }

  function chosen(tabs, panels, tab) {
    choose(tabs, panels, tab);
    remember(tab.closest("section").id);
  }

  // --- the address: section, cut and filter -----------------------------------------------------

  function remember(section) {
    const state = new URLSearchParams();
    const held = document.getElementById(section);
    const tab = held.querySelector("[role=tab][aria-selected=true]");
    if (tab) state.set("cut", tab.dataset.cut);
    for (const field of held.querySelectorAll("input[data-filter]")) {
      if (field.value) state.set(`filter-${field.dataset.filter}`, field.value);
    }
    const text = state.toString();
    history.replaceState(null, "", `#${section}${text ? `&${text}` : ""}`);
  }

  function recall() {
    const [section, ...rest] = location.hash.slice(1).split("&");
    const held = document.getElementById(section);
    if (!held || !rest.length) return;
    const state = new URLSearchParams(rest.join("&"));
    for (const tab of held.querySelectorAll("[role=tab]")) {
      if (tab.dataset.cut === state.get("cut")) tab.click();
    }
    for (const field of held.querySelectorAll("input[data-filter]")) {
      field.value = state.get(`filter-${field.dataset.filter}`) ?? field.value;
      filter(document.getElementById(`table-${field.dataset.filter}`), field.value);
    }
    remember(section);
    held.scrollIntoView();
  }

  // --- paper ------------------------------------------------------------------------------------

  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    // Paper has a width of its own, which nobody tells before it is printed: that of A4 within its margins.
    plots.filter((element) => !element.closest("[hidden]")).forEach((element) => draw(element, 670));
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    drawn.forEach((element) => draw(element));
  });

  const tables = [...document.querySelectorAll("table")];
  tables.filter((table) => !table.classList.contains("map")).forEach(sortable);
  tables.forEach(tools);
  document.querySelectorAll("details.source pre").forEach((pre) => {
    pre.before(button("Copy", `Copy ${pre.getAttribute("aria-label")}`, () => copy(pre.textContent, "Copied")));
  });
  document.querySelectorAll("[data-switch]").forEach(switched);
  plots.forEach((element) => seen.observe(element));
  dark.addEventListener("change", () => drawn.forEach((element) => draw(element)));
  addEventListener("hashchange", recall);
  recall();
})();
