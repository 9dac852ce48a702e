// Charts: uPlot with this page's colours, a legend, the keyboard, and a table behind each.

/// All charts of the page, for redrawing and for tests: {figure, spec, plot}.
const charts = [];
globalThis.crestCharts = charts;

const fontOf = (size) => `${size}px system-ui, sans-serif`;

/// Appends a chart to `parent`, which must be in the document. The spec:
///   title, unit      what is drawn
///   x, y             {label, log, format, range}
///   xs               numbers, ascending
///   series           [{label, values, colour, dash, width, kind: "line" | "bars" | "points", low, high}], null for gaps;
///                    `drawn` in place of `values` where what is drawn is a sum (stacked bars)
///   marks            phases and events (marks.js)
///   height, sync     pixels; charts with the same sync share the cursor
function chart(parent, spec) {
  const id = "chart-" + (charts.length + 1);
  const plotAt = h("div", {class: "plot", tabindex: "0", role: "group", "aria-labelledby": id, "aria-description": "Left and right move through the points."});
  const said = h("p", {class: "hidden", "aria-live": "polite"});
  const legend = h("div", {class: "legend"});
  const figure = h("figure", {class: "chart " + (spec.class ?? "")},
    h("figcaption", {}, h("span", {class: "title", id}, spec.title), spec.unit ? h("span", {class: "unit"}, spec.unit) : null, legend),
    plotAt, said, foldedTable("Table", () => chartTable(spec)));
  parent.append(figure);
  const one = {figure, spec, plot: null, legend, plotAt, hidden: new Set()};
  charts.push(one);
  drawChart(one);
  plotAt.addEventListener("keydown", (event) => moveCursor(one, event, said));
  return one;
}

function chartTable(spec) {
  const format = spec.x.format ?? number;
  const heads = [numeric(spec.x.label), ...spec.series.flatMap((s) => s.low ? [numeric(s.label), numeric("low"), numeric("high")] : [numeric(s.label)])];
  const rows = spec.xs.map((x, i) => [format(x), ...spec.series.flatMap((s) => s.low ? [s.values[i], s.low[i], s.high[i]] : [s.values[i]])]);
  return table(spec.title, heads, rows);
}

function drawChart(one, width) {
  one.plot?.destroy();
  one.plotAt.replaceChildren();
  const {spec} = one;
  const across = width ?? Math.max(240, Math.floor(one.plotAt.getBoundingClientRect().width));
  const {data, series, bands} = seriesOf(one);
  one.plot = new uPlot({
    width: across, height: spec.height ?? 180, series, bands,
    padding: [spec.marks?.named ? 20 : 8, 12, 0, 0],
    legend: {show: false},
    cursor: {
      y: false, points: {size: 6}, drag: {x: true, y: false},
      sync: spec.sync ? {key: spec.sync, setSeries: false} : undefined,
    },
    scales: {
      x: {time: false, distr: spec.x.log ? 3 : 1, range: spec.x.range ?? rangeOf(spec.x)},
      y: {distr: spec.y.log ? 3 : 1, range: spec.y.range ?? rangeOf(spec.y, true)},
    },
    axes: [{...axis("x", spec.x, spec.bare), size: spec.bare ? 6 : 26}, {...axis("y", spec.y), size: 54}],
    hooks: {drawClear: [(u) => drawPhases(u, spec.marks)], draw: [(u) => drawEvents(u, spec.marks)], setCursor: [() => showValues(one)]},
  }, data, one.plotAt);
  makeLegend(one);
}

/// `bare`: without numbers, as they stand below the last of several charts.
function axis(scale, of, bare) {
  return {
    stroke: colour("muted"), font: fontOf(11), labelFont: fontOf(11), labelSize: 18, gap: 4, label: of.axisLabel,
    grid: {stroke: colour("grid"), width: 1}, ticks: {stroke: colour("grid"), width: 1, size: 4},
    ...(of.splits ? {splits: () => of.splits, filter: (u, splits) => splits} : {}),
    ...(of.log && !of.splits ? {splits: (u, n, low, high) => logTicks(low, high), filter: (u, ticks) => logLabels(ticks, (v) => u.valToPos(v, scale), scale === "x" ? 40 : 18)} : {}),
    values: (u, splits) => bare ? splits.map(() => "") : splits.map((v) => (v === null || v === undefined ? "" : (of.axisFormat ?? of.format ?? short)(v))),
  };
}

/// Where a logarithmic axis from `low` to `high` (above 0) has its ticks: 1 to 9 times each power of ten, and within less than
/// a power of ten round numbers at one distance. Not uPlot's own (1.6.32): where `low` is a little below a power of ten, they
/// never end (0.0965 to 0.386, say).
function logTicks(low, high) {
  const exact = (v) => Number(v.toPrecision(12)), ticks = [];
  if (high < 10 * low) {
    const rough = (high - low) / 5, ten = 10 ** Math.floor(Math.log10(rough)), step = ten * [1, 2, 5, 10].find((n) => n * ten >= rough);
    for (let n = Math.ceil(low / step); n * step <= high; ++n) ticks.push(exact(n * step));
    return ticks;
  }
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); ++exponent)
    for (let digit = 1; digit <= 9; ++digit) ticks.push(exact(digit * 10 ** exponent));
  return ticks.filter((v) => low <= v && v <= high);
}

/// Those of logTicks that have numbers, null for others: as many as have `space` between them at their places.
function logLabels(ticks, place, space) {
  const digit = (v) => Number(v.toExponential().split("e")[0]);
  const roomy = (some) => some.every((v, n) => n === 0 || Math.abs(place(v) - place(some[n - 1])) >= space);
  const less = ticks.at(-1) < 10 * ticks[0] ? [] : [[1, 2, 5], [1, 3], [1]];
  const sets = [ticks, ...less.map((digits) => ticks.filter((v) => digits.includes(digit(v))))];
  let labels = sets.find(roomy) ?? sets.at(-1);
  while (!roomy(labels)) labels = labels.filter((_, n) => n % 2 === 0);
  return ticks.map((v) => (labels.includes(v) ? v : null));
}

/// From 0 for figures, with some air above; logarithmic axes as the data is.
function rangeOf(of, zero) {
  return (u, low, high) => {
    if (low === null || high === null) return of.log ? [1, 10] : [0, 1];
    if (of.log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
    if (!zero) return low === high ? [low - 0.5, high + 0.5] : [low, high];
    const top = Math.max(high, 0), bottom = Math.min(low, 0);
    return top === bottom ? [0, 1] : [bottom * 1.08, top * 1.08];
  };
}

/// Series for uPlot; a series with bounds has two more, between which there is a band. On a logarithmic axis there is no
/// place for what is not above 0.
function seriesOf(one) {
  const {spec} = one;
  const visible = (values) => (spec.y.log ? values.map((v) => (v > 0 ? v : null)) : values);
  const data = [spec.xs], series = [{}], bands = [];
  spec.series.forEach((s, n) => {
    const stroke = colour(s.colour), show = !one.hidden.has(n);
    const few = spec.xs.length <= 60;
    data.push(visible(s.drawn ?? s.values));
    series.push({
      label: s.label, stroke, width: s.kind === "bars" ? 0 : s.width ?? 1.5, dash: s.dash, show, spanGaps: false,
      fill: s.kind !== "bars" ? undefined : s.drawn ? stroke : stroke + "b0",
      paths: s.kind === "bars" ? uPlot.paths.bars({size: [0.9, 28], align: 0}) : s.kind === "points" ? () => null : undefined,
      points: {show: s.kind === "points" || (s.kind !== "bars" && few && !s.plain), size: s.kind === "points" ? 8 : 4, fill: stroke, stroke},
    });
    if (!s.low) return;
    for (const bound of [s.high, s.low]) {
      data.push(visible(bound));
      series.push({stroke: "transparent", width: 0, points: {show: false}, show});
    }
    bands.push({series: [data.length - 2, data.length - 1], fill: stroke + "28"});
  });
  return {data, series, bands};
}

/// Buttons that show and hide a series, with its value at the cursor.
function makeLegend(one) {
  one.values = one.spec.series.map(() => h("b", {}));
  one.at = h("span", {class: "at"});
  one.legend.replaceChildren(one.at, ...one.spec.series.map((s, n) => h("button", {
    type: "button", "aria-pressed": String(!one.hidden.has(n)),
    onclick: () => {
      one.hidden.has(n) ? one.hidden.delete(n) : one.hidden.add(n);
      drawChart(one);
      one.legend.querySelectorAll("button")[n].focus();
    },
  }, h("i", {class: s.dash ? "swatch dashed" : "swatch", style: `--c:${colour(s.colour)}`}), h("span", {}, s.label), one.values[n])));
}

function showValues(one) {
  const {idx} = one.plot?.cursor ?? {};
  const {spec} = one;
  const format = spec.y.format ?? number;
  const there = idx !== null && idx !== undefined && (one.plot.cursor.left ?? -1) >= 0;
  one.at.textContent = there ? (spec.x.format ?? number)(spec.xs[idx]) : "";
  spec.series.forEach((s, n) => (one.values[n].textContent = there ? " " + format(s.values[idx]) : ""));
}

function moveCursor(one, event, said) {
  const {plot, spec} = one;
  const last = spec.xs.length - 1, at = plot.cursor.idx ?? -1;
  const to = {ArrowRight: Math.min(last, at + 1), ArrowLeft: Math.max(0, at - 1), Home: 0, End: last}[event.key];
  if (to === undefined) return;
  event.preventDefault();
  plot.setCursor({left: plot.valToPos(spec.xs[to], "x"), top: plot.bbox.height / 2 / devicePixelRatio});
  const format = spec.y.format ?? number;
  said.textContent = `${spec.x.label} ${(spec.x.format ?? number)(spec.xs[to])}: ` +
    spec.series.map((s) => `${s.label} ${format(s.values[to])}`).join(", ");
}

/// Again in the present theme and size.
const redrawCharts = (width) => charts.forEach((one) => one.figure.isConnected && drawChart(one, width));

/// Forgets the charts in `parent`, which is about to be filled anew.
function dropCharts(parent) {
  for (let i = charts.length - 1; i >= 0; --i) {
    if (!parent.contains(charts[i].figure)) continue;
    charts[i].plot.destroy();
    charts.splice(i, 1);
  }
}
