// From answers to elements. Everything from a bill becomes text of an element, never markup.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 180;
const LEFT = 64;

export function text(name, content, kind = "") {
  const element = document.createElement(name);
  element.textContent = content;
  if (kind) element.className = kind;
  return element;
}

export function options(select, words, chosen) {
  select.replaceChildren(...words.map((word) => new Option(word || "nothing else", word, false, word === chosen)));
  if (chosen && !words.includes(chosen)) select.append(new Option(chosen, chosen, true, true));
}

export function failure(place, told) {
  place.hidden = !told;
  const said = told ? [told.what, told.where && `Where: ${told.where}`, told.try && `Try: ${told.try}`] : [];
  place.replaceChildren(...said.filter(Boolean).map((line) => text("p", line)));
}

export function notes(list, problems) {
  list.replaceChildren(...problems.map((one) => text("li", one.where ? `${one.message} (${one.where})` : one.message)));
}

export function figures(place, said, final) {
  const { total, basis, count } = said;
  const shown = [["Total", total.cost.shown, `${basis.currency}${final === "final" ? "" : `, ${final}`}`]];
  if (total.before) {
    shown.push(["Before", total.before.shown, `${basis.against[0]} to ${basis.against[1]}`]);
    shown.push(["Change", total.change.shown, total.percent ?? "nothing to compare with"]);
  }
  shown.push([said.columns ? "Line items" : "Rows", count.toLocaleString("en"), said.by?.join(", ") ?? ""]);
  place.replaceChildren(...shown.map(([name, value, note]) => {
    const box = document.createElement("div");
    box.append(text("dt", name), text("dd", value), ...(note ? [text("dd", note, "note")] : []));
    return box;
  }));
}

function table(heads, body, caption) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  head.append(...heads);
  made.createCaption().textContent = caption;
  const rest = document.createElement("tbody");
  rest.append(...body);
  made.append(rest);
  return made;
}

function head(name, kind = "") {
  const cell = text("th", name, kind);
  cell.scope = "col";
  return cell;
}

function line(cells) {
  const row = document.createElement("tr");
  row.append(...cells);
  return row;
}

function link(content, address) {
  const made = text("a", content);
  made.href = address;
  return made;
}

// `whole` is what the longest bar stands for.
function amounts(row, said, whole) {
  const cells = [text("td", row.cost.shown, "number")];
  cells[0].title = row.cost.exact;
  const share = text("td", row.share ?? "", "number share");
  if (row.share && Number(row.cost.exact) > 0 && whole < Infinity) {
    const bar = text("span", "", "share-bar");
    bar.style.width = `${(100 * Number(row.cost.exact)) / whole}%`;
    share.append(bar);
  }
  cells.push(share);
  if (said.basis.against) {
    cells.push(text("td", row.before.shown, "number"));
    const way = Number(row.change.exact);
    cells.push(text("td", row.change.shown, `number ${way > 0 ? "up" : way < 0 ? "down" : ""}`));
    cells.push(text("td", row.percent ?? "n/a", "number"));
  }
  return cells;
}

export function rows(place, said, now, drill, ordered) {
  const timed = ["billing_period", "day", "week", "month"].includes(said.by[0]);
  const order = now.order || (timed ? "time" : "cost");
  const sortable = (name, key, kind, direction) => {
    const cell = head("", kind);
    cell.append(link(name, ordered(key)));
    if (order === key) cell.setAttribute("aria-sort", direction);
    return cell;
  };
  const heads = [
    ...said.by.map((word, at) => (at ? head(word) : sortable(word, "name", "", "ascending"))),
    sortable("cost", "cost", "number", "descending"), head("share", "number"),
    ...(said.basis.against ? [head("before", "number"), sortable("change", "change", "number", "descending"), head("%", "number")] : []),
  ];
  const whole = Math.max(0, ...said.rows.map((row) => Number(row.cost.exact)));
  const body = said.rows.map((row) => line([
    ...row.keys.map((key, at) => {
      const cell = document.createElement(at ? "td" : "th");
      if (!at) cell.scope = "row";
      cell.append(link(key, drill(row, at)));
      return cell;
    }),
    ...amounts(row, said, whole),
  ]));
  const named = (content, row, kind) => {
    const cell = text("th", content);
    cell.scope = "row";
    cell.colSpan = said.by.length;
    const made = line([cell, ...amounts(row, said, Infinity)]);
    made.className = kind;
    return made;
  };
  if (said.rest) body.push(named(`${said.rest.rows.toLocaleString("en")} other rows`, said.rest, "rest"));
  if (said.found === null) body.push(named("Total", { ...said.total, share: "" }, "total"));
  place.replaceChildren(table(heads, body, `Spend by ${said.by.join(" and ")}`));
}

const SHORT = {
  charge_period_start: "start", charge_period_end: "end", x_line_item_type: "type", x_service_code: "service",
  x_usage_type: "usage type", x_operation: "operation", sub_account_id: "account", region_id: "region",
  resource_id: "resource", pricing_quantity: "quantity", pricing_unit: "unit", charge_description: "description",
};

// What all lines have in common is told once, above them.
export function lines(place, said) {
  const others = said.columns.filter((name) => name !== "charge_period_start" && name !== "cost");
  const same = said.rows.length > 1 ? others.filter((name) => said.rows.every((row) => row[name] === said.rows[0][name])) : [];
  const names = ["charge_period_start", "cost", ...others.filter((name) => !same.includes(name))];
  const right = (name) => name === "cost" || name === "pricing_quantity";
  const kind = (name) => (right(name) ? "number" : name === "charge_description" || name === "resource_id" ? "long" : "code");
  const heads = names.map((name) => head(SHORT[name] ?? name, right(name) ? "number" : ""));
  const body = said.rows.map((row) => line(names.map((name) => text("td", name === "cost" ? row.cost.shown : row[name], kind(name)))));
  const shared = same.filter((name) => said.rows[0][name]).map((name) => `${SHORT[name] ?? name} ${said.rows[0][name]}`);
  const above = shared.length ? [text("p", `All of them: ${shared.join(", ")}`, "shared")] : [];
  place.replaceChildren(...above, table(heads, body, "Line items, the dearest first"));
}

export function bars(place, over, address) {
  const held = over.bars.some((one) => one.before);
  const heads = [head(over.step), head("cost", "number"), ...(held ? [head("compared with"), head("cost then", "number")] : [])];
  const body = over.bars.map((one) => {
    const cell = document.createElement("th");
    cell.scope = "row";
    cell.append(link(one.label, address(one.label)));
    const then = held ? [text("td", one.before?.label ?? ""), text("td", one.before?.shown ?? "", "number")] : [];
    return line([cell, text("td", one.cost.shown, "number"), ...then]);
  });
  place.replaceChildren(table(heads, body, `Cost by ${over.step}`));
}

function shape(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

function ticks(low, high) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => span / n <= 4);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step / 1000; at += 1) found.push(at * step);
  return found;
}

export function chart(place, over, basis, open) {
  chart.again = () => drawn(place, over, basis, open);
  chart.again();
}

function drawn(place, over, basis, open) {
  const width = Math.max(280, place.clientWidth || 800);
  const values = over.bars.flatMap((one) => [Number(one.cost.exact), ...(one.before ? [Number(one.before.exact)] : [])]);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const y = (value) => 8 + (HEIGHT - 16) * (1 - (value - low) / (high - low || 1));
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT + 24}`, role: "img", "aria-label": described(over, basis) });
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
  for (const value of ticks(low, high)) {
    shape("line", { x1: LEFT, x2: width, y1: y(value), y2: y(value), class: value === 0 ? "zero" : "grid" }, svg);
    shape("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, svg).textContent = compact.format(value);
  }
  const each = (width - LEFT) / over.bars.length;
  const gap = Math.min(6, each * 0.25);
  over.bars.forEach((one, at) => {
    const [value, left] = [Number(one.cost.exact), LEFT + at * each];
    const group = shape("g", {}, svg);
    const top = y(Math.max(0, value));
    shape("rect", { x: left + gap / 2, y: top, width: each - gap, height: Math.abs(y(0) - y(value)), class: "bar", rx: 1 }, group);
    if (one.before) {
      const then = y(Number(one.before.exact));
      for (const kind of ["halo", "held"]) {
        shape("line", { x1: left + gap / 2, x2: left + each - gap / 2, y1: then, y2: then, class: kind }, group);
      }
    }
    const hit = shape("rect", { x: left, y: 0, width: each, height: HEIGHT, class: "hit" }, group);
    const then = one.before ? `; ${one.before.label}: ${one.before.shown}` : "";
    shape("title", {}, hit).textContent = `${one.label}: ${one.cost.shown} ${basis.currency}${then}`;
    hit.addEventListener("click", () => open(one.label));
  });
  labels(svg, over.bars, each, width);
  const legend = document.createElement("div");
  legend.className = "legend";
  legend.append(text("span", `each ${over.step}`), text("span", "compared with", "held"));
  place.replaceChildren(svg, ...(basis.against ? [legend] : []));
}

function labels(svg, all, each, width) {
  const most = Math.max(1, Math.floor((width - LEFT) / 110));
  const every = Math.max(1, Math.ceil(all.length / most));
  for (let at = 0; at < all.length; at += every) {
    const x = Math.min(LEFT + (at + 0.5) * each, width - 36);
    shape("text", { x: Math.max(x, LEFT + 30), y: HEIGHT + 18, "text-anchor": "middle" }, svg).textContent = all[at].label;
  }
}

function described(over, basis) {
  const most = over.bars.reduce((one, other) => (Number(other.cost.exact) > Number(one.cost.exact) ? other : one));
  return `Cost by ${over.step}, ${over.bars.length} bars; the highest is ${most.cost.shown} ${basis.currency} at ${most.label}`;
}
