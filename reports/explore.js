// The state of the page is its address: a link opens the same view, and Back goes back. No figure is computed here.
import { bars, chart, failure, figures, lines, notes, options, rows, text } from "./explore-view.js";

const DAY = 86400000;
const found = (id) => document.getElementById(id);
const ask = found("ask");
let menu = null;
let asking = new AbortController();

const day = (time) => new Date(time).toISOString().slice(0, 10);
const time = (text) => Date.parse(`${text}T00:00:00Z`);

function moved(text, months) {
  const [year, month, of] = text.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return day(Date.UTC(year, month - 1 + months, Math.min(of, last)));
}

// The days a span is held against: those just before it, or the same days of another month.
const EARLIER = {
  before: (from, to) => [day(time(from) - (time(to) - time(from))), from],
  month: (from, to) => [moved(from, -1), moved(to, -1)],
  year: (from, to) => [moved(from, -12), moved(to, -12)],
};

function state() {
  const given = new URLSearchParams(location.search);
  const whole = menu.spans[0];
  return {
    by: given.get("by") || "service",
    from: given.get("from") || whole.from,
    to: given.get("to") || whole.to,
    against: given.get("against") || "",
    metric: given.get("metric") || menu.metrics[0],
    where: location.search ? given.getAll("where") : menu.where,
    order: given.get("order") || "",
    find: given.get("find") || "",
    view: given.get("view") || "",
  };
}

function address(of) {
  const query = new URLSearchParams();
  for (const name of ["by", "from", "to", "against", "metric", "order", "find", "view"]) {
    if (of[name]) query.set(name, of[name]);
  }
  of.where.forEach((text) => query.append("where", text));
  return `?${query}`;
}

function go(of, replaced = false) {
  history[replaced ? "replaceState" : "pushState"](null, "", address(of));
  return show();
}

const GONE = { what: "finops explore no longer answers", where: "", try: "start it again" };

async function answer(path, query = "") {
  const response = await fetch(`api/${path}${query}`, { signal: asking.signal }).catch((error) => {
    throw error.name === "AbortError" ? error : GONE;
  });
  const json = response.headers.get("Content-Type") === "application/json";
  if (!json) throw { what: await response.text(), where: "", try: "" };
  const said = await response.json();
  if (said.error) throw said.error;
  return said;
}

async function show() {
  asking.abort();
  asking = new AbortController();
  const mine = asking;
  found("main").setAttribute("aria-busy", "true");
  try {
    menu ??= await answer("menu");
    const now = state();
    fill(now);
    const { view, ...asked } = now;
    const said = await answer(view === "lines" ? "lines" : "spend", address(asked));
    failure(found("error"), null);
    draw(said, now);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!error.what) throw error;
    failure(found("error"), error);
    for (const id of ["result", "repeat", "notes"]) found(id).hidden = true;
  } finally {
    if (mine === asking) found("main").setAttribute("aria-busy", "false");
  }
}

function fill(now) {
  const [by, and] = split(now.by);
  options(ask.elements.by, menu.dimensions, by);
  options(ask.elements.and, ["", ...menu.dimensions.filter((word) => word !== by)], and ?? "");
  options(ask.elements.metric, menu.metrics, now.metric);
  const span = menu.spans.findIndex((one) => one.from === now.from && one.to === now.to);
  options(ask.elements.span, [...menu.spans.map((one) => one.name), "other days"], menu.spans[span]?.name ?? "other days");
  ask.elements.from.value = now.from;
  ask.elements.to.value = now.to;
  const kind = comparison(now);
  ask.elements.compare.value = kind;
  ask.querySelectorAll("[data-other]").forEach((label) => { label.hidden = kind !== "other"; });
  [ask.elements["against-from"].value, ask.elements["against-to"].value] = now.against ? now.against.split("..") : ["", ""];
  found("look").elements.find.value = now.find;
  found("ledger").textContent = `· ${menu.name}`;
  found("words").replaceChildren(...menu.dimensions.map((word) => new Option("", `${word}=`)));
  chips(now);
}

function comparison(now) {
  if (!now.against) return "";
  const kinds = Object.keys(EARLIER);
  return kinds.find((kind) => EARLIER[kind](now.from, now.to).join("..") === now.against) ?? "other";
}

function chips(now) {
  found("filters").replaceChildren(...now.where.map((one, at) => {
    const item = text("li", one);
    const button = text("button", "×");
    button.type = "button";
    button.setAttribute("aria-label", `Remove the filter ${one}`);
    button.addEventListener("click", () => go({ ...now, where: now.where.filter((_, n) => n !== at), view: "" }));
    item.append(button);
    return item;
  }));
}

// A dimension whose key has a comma in it is quoted as in CSV.
function split(by) {
  return by.match(/("([^"]|"")*"|[^,])+/g)?.map((word) => word.replace(/^"(.*)"$/, (_, inner) => inner.replace(/""/g, '"'))) ?? [];
}

const joined = (words) => words.map((word) => (/[",]/.test(word) ? `"${word.replace(/"/g, '""')}"` : word)).join(",");

// Where a click on a value leads: narrowed to it, and sliced by the next dimension that is not fixed yet.
function deeper(now, row, at) {
  const words = split(now.by);
  const word = words[at];
  const narrowed = word === "day" || word === "week" || word === "month" ? within(now, word, row.keys[at]) : {
    ...now, where: [...now.where, row.where[at]],
  };
  const fixed = new Set([...narrowed.where.map((one) => one.split("=")[0]), ...words.filter((_, n) => n !== at)]);
  const next = menu.drill.find((one) => one !== word && !fixed.has(one) && (word !== "usage_type" || one === "resource"));
  const to = { ...narrowed, find: "", order: "" };
  if (word === "resource" || !next) return { ...to, view: "lines" };
  return { ...to, by: joined(words.map((one, n) => (n === at ? next : one))) };
}

function within(now, step, label) {
  const from = step === "month" ? `${label}-01` : label;
  const to = { day: () => day(time(from) + DAY), week: () => day(time(from) + 7 * DAY), month: () => moved(from, 1) }[step]();
  const later = (a, b) => (a > b ? a : b);
  const span = [later(from, now.from), later(now.to, to) === to ? now.to : to];
  const kind = comparison(now);
  return { ...now, from: span[0], to: span[1], against: EARLIER[kind] ? EARLIER[kind](...span).join("..") : now.against };
}

function draw(said, now) {
  const { basis } = said;
  const title = now.view === "lines" ? "Line items" : `Spend by ${said.by.join(" and ")}`;
  found("title").textContent = title;
  document.title = `${title} · finops explore`;
  const final = { true: "final", false: "estimated", null: "finality unknown" }[String(basis.final)];
  const days = `${basis.from} to ${basis.to} (end excluded)`;
  const held = basis.against ? [`against ${basis.against[0]} to ${basis.against[1]}`] : [];
  found("scope").replaceChildren(...[`${basis.metric} in ${basis.currency}`, days, ...held, final].map((one) => text("li", one)));
  figures(found("figures"), said, final);
  // What is hidden has no width to draw in.
  for (const id of ["result", "repeat"]) found(id).hidden = false;
  const isLines = now.view === "lines";
  found("over-time").hidden = isLines;
  found("look").hidden = isLines;
  if (isLines) lines(found("table"), said);
  else {
    const open = (label) => ({ ...within(now, said.over_time.step, label), find: "" });
    chart(found("chart"), said.over_time, basis, (label) => go(open(label)));
    bars(found("bars"), said.over_time, (label) => address(open(label)));
    rows(found("table"), said, now, (row, at) => address(deeper(now, row, at)), (order) => address({ ...now, order }));
  }
  found("rows-title").textContent = isLines ? "Line items" : `By ${said.by.join(" and ")}`;
  found("more").textContent = more(said, isLines);
  found("to-lines").textContent = isLines ? "Back to the slice" : "Line items";
  found("to-lines").href = address({ ...now, view: isLines ? "" : "lines", find: "", order: "" });
  found("command").textContent = said.command;
  found("sql").textContent = said.sql.text;
  found("sql").hidden = !said.sql.text;
  document.querySelector("[data-copy=sql]").hidden = !said.sql.text;
  found("no-sql").hidden = Boolean(said.sql.text);
  found("no-sql").textContent = said.sql.why ? `No SQL: ${said.sql.why}.` : "No SQL for this view; the rows of one resource have one.";
  notes(found("problems"), said.problems);
  found("notes").hidden = !said.problems.length;
  found("said").textContent = `${said.count.toLocaleString("en")} rows, ${said.total.cost.shown} ${basis.currency}`;
}

function more(said, isLines) {
  const count = said.count.toLocaleString("en");
  const shown = said.rows.length.toLocaleString("en");
  if (isLines) return said.count > said.rows.length ? `The ${shown} dearest of ${count} line items; the total is of all of them.` : "";
  if (said.found !== null) return `${said.found.toLocaleString("en")} of ${count} rows have it${said.found > said.rows.length ? `; ${shown} are shown` : ""}. The total is of all rows.`;
  return said.rest ? `${shown} of ${count} rows are shown; the others are added up in the last line. Find looks through all of them.` : "";
}

// A select that is walked through by keyboard is one step back, not one for each of its options.
let walked = { field: null, at: 0 };
function again(field) {
  const soon = walked.field === field && performance.now() - walked.at < 1000;
  walked = { field, at: performance.now() };
  return soon;
}

ask.addEventListener("submit", (event) => event.preventDefault());
ask.addEventListener("change", (event) => {
  const now = { ...state(), view: "" };
  const field = ask.elements;
  const kind = comparison(now);
  if (event.target.name === "span") {
    const span = menu.spans.find((one) => one.name === field.span.value);
    if (!span) return field.from.focus();
    Object.assign(now, { from: span.from, to: span.to });
  } else Object.assign(now, { from: field.from.value || now.from, to: field.to.value || now.to });
  const words = [field.by.value, field.and.value].filter((word, at, all) => word && all.indexOf(word) === at);
  Object.assign(now, { by: joined(words), metric: field.metric.value });
  if (event.target.name === "by" || event.target.name === "and") now.order = "";
  const wanted = event.target.name === "compare" ? field.compare.value : kind;
  if (EARLIER[wanted]) now.against = EARLIER[wanted](now.from, now.to).join("..");
  else if (!wanted) Object.assign(now, { against: "", order: now.order === "change" ? "" : now.order });
  else if (field["against-from"].value && field["against-to"].value) now.against = `${field["against-from"].value}..${field["against-to"].value}`;
  if (wanted === "other") {
    ask.querySelectorAll("[data-other]").forEach((label) => { label.hidden = false; });
    if (event.target.name === "compare") return field["against-from"].focus();
  }
  return go(now, again(event.target));
});

found("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const { where } = event.target.elements;
  if (!where.value.includes("=")) return where.focus();
  const now = state();
  const added = where.value.trim();
  where.value = "";
  return go({ ...now, where: [...now.where, added], view: "" });
});

let typing = 0;
found("look").addEventListener("submit", (event) => event.preventDefault());
found("look").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => go({ ...state(), find: event.target.value }, true), 250);
});

// A link within the page changes the address without loading the page again; with a modifier it opens elsewhere as ever.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  show().then(() => { if (!link.isConnected) found("title").focus({ preventScroll: true }); });
});

document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
  const source = found(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    found("said").textContent = "Copied";
    button.classList.add("done");
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  } catch {
    getSelection().selectAllChildren(source);
    found("said").textContent = "Selected; copy it with the keyboard";
  }
}));

addEventListener("popstate", show);
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; chart.again?.(); } });
show();
