// Tables: of figures, and behind charts.

/// A table that scrolls sideways by itself where it is wide. `heads`: text, or {text, numeric}. Cells: text, numbers,
/// nodes, or {value, class}. The first column names the row.
function table(caption, heads, rows, options = {}) {
  const columns = heads.map((x) => (typeof x === "object" ? x : {text: x, numeric: false}));
  const cell = (value, n) => {
    const {value: content, class: kind} = value && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value) ? value : {value};
    const text = typeof content === "number" || content === null ? number(content) : content;
    const names = [columns[n]?.numeric ? "n" : "", kind ?? ""].filter(Boolean).join(" ");
    return n === 0 ? h("th", {scope: "row", class: names || null}, text) : h("td", {class: names || null}, text);
  };
  const element = h("table", {class: options.class ?? null},
    h("caption", {class: options.showCaption ? null : "hidden"}, caption),
    h("thead", {}, h("tr", {}, columns.map((c) => h("th", {scope: "col", class: c.numeric ? "n" : null}, c.hidden ? h("span", {class: "hidden"}, c.hidden) : c.text)))),
    h("tbody", {}, rows.map((row) => h("tr", {class: row.class ?? null}, (row.cells ?? row).map(cell)))));
  return h("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption + ", table"}, element);
}

/// A head that needs no words for the eye.
const unseen = (text) => ({hidden: text});

const numeric = (text) => ({text, numeric: true});

/// A table that is made when somebody opens it: pages with many of them open fast.
function foldedTable(summary, make) {
  const details = h("details", {class: "behind"}, h("summary", {}, summary));
  const open = () => {
    if (details.open && details.children.length === 1) details.append(make());
  };
  details.addEventListener("toggle", open);
  return details;
}

/// "pass", "fail": a word and a sign, so that colour is not all that says it.
function verdictMark(word, kind) {
  const sign = {good: "✓", bad: "✕", warn: "!", none: "·"}[kind];
  return h("span", {class: "mark " + kind}, h("span", {class: "sign", "aria-hidden": "true"}, sign), word);
}

/// Bars of shares, as a table: name, count, share of all with a bar.
function shareTable(caption, what, entries) {
  const all = entries.reduce((sum, [, n]) => sum + n, 0);
  const bar = (n) => h("div", {class: "bar", "aria-hidden": "true"}, h("i", {style: `width:${all ? (100 * n) / all : 0}%`}));
  return table(caption, [what, numeric("count"), numeric("share"), unseen("bar")],
    entries.map(([name, n]) => [name, n, percent(all ? n / all : null), {value: bar(n), class: "wide"}]), {class: "shares"});
}
