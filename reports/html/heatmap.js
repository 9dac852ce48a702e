// Heat maps: a table whose cells are coloured by their values, so that it is its own table.

/// Colours from low to high, light and dark at once: so much of one colour over the card that text, where there is some, is legible on all.
const heatColour = (share, dense) => `color-mix(in srgb, var(--s1) ${Math.round(4 + (dense ? 88 : 51) * share)}%, var(--card))`;

/// Two digits that matter; the whole number is in the cell's title.
const brief = (v) => (Number.isInteger(v) ? number(v) : Math.abs(v) >= 10 ? number(Math.round(v)) : short(Number(v.toPrecision(2))));

function heatMap(sweep, choice) {
  const {x, line: y, metric} = choice, rows = chosenRows(sweep, choice);
  const cells = new Map(y.values.map((v) => [v, curveOf(sweep, rows.filter((row) => sweep.cell(row, y.name) === v), x, metric)]));
  const values = [...cells.values()].flatMap((c) => [...c.values()]).filter(Boolean).map((c) => c.mean);
  const low = Math.min(...values), high = Math.max(...values), log = choice.logY && low > 0;
  const share = (v) => (high === low ? 0.5 : log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
  const dense = x.values.length > 18;
  const cell = (c) => (c ? h("td", {style: `background:${heatColour(share(c.mean), dense)}`, title: number(c.mean)}, dense ? h("span", {class: "hidden"}, number(c.mean)) : brief(c.mean)) : h("td", {}, dense ? "" : "–"));
  const element = h("table", {class: "heat" + (dense ? " dense" : "")}, h("caption", {class: "hidden"}, `${metric} by ${axisLabel(x.name)} and ${axisLabel(y.name)}`),
    h("thead", {}, h("tr", {}, h("th", {scope: "col"}, `${axisLabel(y.name)} ↓ ${axisLabel(x.name)} →`), x.values.map((v, n) => h("th", {scope: "col", title: x.label(v)}, dense && n % Math.ceil(x.values.length / 12) ? h("span", {class: "hidden"}, x.label(v)) : x.label(v))))),
    h("tbody", {}, [...y.values].reverse().map((v) => h("tr", {}, h("th", {scope: "row"}, y.label(v)), x.values.map((u) => cell(cells.get(v).get(u)))))));
  return h("div", {}, h("p", {}, h("b", {}, metric), ` by ${axisLabel(x.name)} and ${axisLabel(y.name)}`), h("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Heat map of " + metric}, element),
    h("p", {class: "range"}, number(low), h("i", {style: `background:linear-gradient(90deg, ${heatColour(0, dense)}, ${heatColour(1, dense)})`}), number(high), log ? "logarithmic" : ""));
}
