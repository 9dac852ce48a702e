// What all parts of the page use: elements, numbers, tables of text. Text gets into the page as text nodes and attribute
// values only, never as HTML, so names from scenarios and logs can hold anything.

const report = JSON.parse(document.getElementById("data").textContent);

/// An element. `props`: attributes; a function is a listener ("onclick"). Children: nodes, text, lists, null for nothing.
function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

function svg(tag, props, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/// "24,189", "0.0184", "3.42": as many digits as a reader needs. A dash where there is no number.
function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  if (size >= 1e-5) return value.toFixed(Math.min(7, 2 - Math.floor(Math.log10(size))));
  return value.toExponential(1);
}

/// The same without zeros at its end, for axes.
const short = (value) => number(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

function percent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  const value = 100 * share;
  return (value === 0 ? "0" : value < 0.01 ? "<0.01" : value < 10 ? value.toFixed(2) : value.toFixed(1)) + " %";
}

const seconds = (s) => (s === null || s === undefined ? "–" : s < 10 ? s.toFixed(2) + " s" : s.toFixed(1) + " s");

const count = (n, word, many = word + "s") => `${number(n)} ${n === 1 ? word : many}`;

/// RFC 4180: {columns, rows}, all cells text.
function parseCsv(text) {
  const rows = [];
  let row = [], at = 0;
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      for (++at; ; ++at) {
        const end = text.indexOf('"', at);
        cell += text.slice(at, end < 0 ? text.length : end);
        at = end < 0 ? text.length : end + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
    } else {
      let end = at;
      while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") ++end;
      cell = text.slice(at, end);
      at = end;
    }
    row.push(cell);
    if (text[at] === ",") {
      if (++at === text.length) row.push("");
      continue;
    }
    if (text[at] === "\r") ++at;
    ++at;
    rows.push(row);
    row = [];
  }
  if (row.length) rows.push(row);
  return {columns: rows.shift() ?? [], rows};
}

/// A cell as a number; null when it is empty or none.
function toNumber(cell) {
  if (cell === "" || cell === null || cell === undefined) return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}

/// "failed_requests{cause:reset}" → {name: "failed_requests", label: "cause", value: "reset"}.
function splitMetric(text) {
  const parts = /^([^{]+)(?:\{([^:]+):(.*)\})?$/s.exec(text);
  return parts ? {name: parts[1], label: parts[2] ?? null, value: parts[3] ?? null} : {name: text, label: null, value: null};
}

/// [value of the label, metric] of each metric NAME{LABEL:…} of a set, the largest first.
function byLabel(metrics, name, label) {
  const out = [];
  for (const [key, metric] of Object.entries(metrics ?? {})) {
    const parts = splitMetric(key);
    if (parts.name === name && parts.label === label) out.push([parts.value, metric]);
  }
  return out.sort((a, b) => b[1].value - a[1].value);
}

/// A colour of the page's present theme; "ramp 0.3": so far from --r1 to --r2.
function colour(name) {
  const named = (n) => getComputedStyle(document.documentElement).getPropertyValue("--" + n).trim();
  const ramp = /^ramp (.*)$/.exec(name);
  if (!ramp) return named(name);
  const parts = (hex) => [1, 3, 5].map((n) => parseInt(hex.slice(n, n + 2), 16)), from = parts(named("r1")), to = parts(named("r2"));
  return "#" + from.map((c, n) => Math.round(c + (to[n] - c) * Number(ramp[1])).toString(16).padStart(2, "0")).join("");
}

/// Names of colours of series, in the order in which they are taken.
const seriesColours = ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"];
const seriesColour = (n) => seriesColours[n % seriesColours.length];

/// A section of the page with its heading.
function section(id, title, ...content) {
  return h("section", {id, "aria-labelledby": id + "-title"}, h("h2", {id: id + "-title"}, title), ...content);
}
