// The report of a sweep, from sweep.csv: families of curves with axes to choose, heat maps, and all points as tables.

const mostLines = 16;

/// The sweep's table in numbers and words: axes, metrics, and the rows that count.
function readSweep() {
  const {columns, rows} = parseCsv(report.files["sweep.csv"]);
  const manifest = report.files["sweep.json"] ?? {};
  const at = new Map(columns.map((c, n) => [c, n]));
  const cell = (row, column) => row[at.get(column)] ?? "";
  const first = columns.indexOf("replication") + 1;
  const end = columns.findIndex((c, n) => n >= first && (c === "seed" || c === "verdict"));
  const names = (manifest.axes ?? columns.slice(first, end)).filter((name) => at.has(name));
  const valid = rows.filter((row) => !["invalid", "interrupted"].includes(cell(row, "verdict")));
  const axes = names.map((name) => axisOf(name, rows.map((row) => cell(row, name))));
  const known = new Set(["point", "replication", "seed", "verdict", "history_hash", "reasons", ...names]);
  const metrics = columns.filter((c) => !known.has(c) && !/_(numerator|denominator|theory|standard_error|measured_error|p50_low|p50_high|p99_low|p99_high)(\{|$)/.test(c))
    .map((name) => ({name, values: valid.map((row) => toNumber(cell(row, name)))}))
    .filter((m) => m.values.some((v) => v !== null))
    .map((m) => ({name: m.name, varies: new Set(m.values).size > 1}));
  return {rows, valid, axes, metrics, cell, has: (c) => at.has(c), manifest, scenario: manifest.scenario ?? (at.has("scenario") ? cell(rows[0] ?? [], "scenario") : "sweep")};
}

/// An axis: its values as text in their order, what they are called, and whether they are numbers.
function axisOf(name, cells) {
  const texts = [...new Set(cells)];
  const isNumber = texts.every((t) => toNumber(t) !== null);
  if (isNumber) texts.sort((a, b) => Number(a) - Number(b));
  const labels = new Map(isNumber ? texts.map((t) => [t, number(Number(t))]) : shortLabels(texts));
  return {name, values: texts, isNumber, label: (t) => labels.get(t) ?? t};
}

/// Objects by the keys in which they differ, so that people can tell them apart.
function shortLabels(texts) {
  const objects = texts.map((t) => { try { return JSON.parse(t); } catch { return t; } });
  if (!objects.every((o) => o && typeof o === "object" && !Array.isArray(o))) return texts.map((t) => [t, t.length > 40 ? t.slice(0, 39) + "…" : t]);
  const keys = [...new Set(objects.flatMap(Object.keys))].filter((k) => new Set(objects.map((o) => JSON.stringify(o[k]))).size > 1);
  const word = (v) => (typeof v === "object" ? "…" : String(v));
  return objects.map((o, n) => [texts[n], keys.filter((k) => k in o).map((k) => (typeof o[k] === "object" ? k : `${k} ${word(o[k])}`)).join(", ").slice(0, 60) || "as it stands"]);
}

/// "topology.balancers.count" → "balancers count": the last words say enough.
const axisLabel = (name) => name.replace(/^(topology|load|population|virtual)\./, "").replaceAll(/[._]/g, " ");

function chooser(label, options, value, onchange, groups) {
  const option = (o) => h("option", {value: o.value, selected: o.value === value}, o.text);
  const content = groups ? groups.filter((g) => g.options.length).map((g) => h("optgroup", {label: g.label}, g.options.map(option))) : options.map(option);
  return h("label", {}, label, h("select", {onchange: (e) => onchange(e.target.value)}, content));
}

const checkbox = (label, checked, onchange) => h("label", {class: "check"}, h("input", {type: "checkbox", checked, onchange: (e) => onchange(e.target.checked)}), label);

/// What is chosen in the beginning.
function firstChoice(sweep) {
  const usual = ["redirect_ratio", "latency_ms_p99", "cache_hit_ratio", "failed_ratio", "utilisation"];
  const varying = sweep.metrics.filter((m) => m.varies).map((m) => m.name);
  const byValues = [...sweep.axes].sort((a, b) => Number(b.isNumber) - Number(a.isNumber) || b.values.length - a.values.length);
  const choice = {metric: usual.find((m) => varying.includes(m)) ?? varying[0] ?? sweep.metrics[0]?.name, x: byValues[0], line: byValues[1] ?? null, fixed: new Map(), logY: false};
  choice.logX = canBeLog(choice.x) && wide(choice.x);
  return choice;
}

const canBeLog = (axis) => Boolean(axis?.isNumber && axis.values.every((v) => Number(v) > 0));
const wide = (axis) => Number(axis.values.at(-1)) / Number(axis.values[0]) >= 30;

/// Axes that the picture does not show have one value, or all of them are averaged.
function chosenRows(sweep, choice) {
  const shown = [choice.x, choice.line];
  for (const axis of sweep.axes) {
    if (shown.includes(axis)) choice.fixed.delete(axis);
    else if (!choice.fixed.has(axis)) choice.fixed.set(axis, axis.values[0]);
  }
  return sweep.valid.filter((row) => [...choice.fixed].every(([axis, v]) => v === "*" || sweep.cell(row, axis.name) === v));
}

function summarise(values) {
  const there = values.filter((v) => v !== null);
  if (!there.length) return null;
  return {mean: there.reduce((a, b) => a + b, 0) / there.length, low: Math.min(...there), high: Math.max(...there), count: there.length};
}

/// {x text → {mean, low, high}} of some rows.
function curveOf(sweep, rows, axis, column) {
  const groups = new Map();
  for (const row of rows) {
    const x = sweep.cell(row, axis.name);
    groups.has(x) ? groups.get(x).push(toNumber(sweep.cell(row, column))) : groups.set(x, [toNumber(sweep.cell(row, column))]);
  }
  return new Map([...groups].map(([x, values]) => [x, summarise(values)]));
}

function theoryColumn(sweep, metric) {
  const brace = metric.indexOf("{"), name = brace < 0 ? metric + "_theory" : metric.slice(0, brace) + "_theory" + metric.slice(brace);
  return sweep.has(name) && sweep.valid.some((row) => sweep.cell(row, name) !== "") ? name : null;
}

function curvesChart(into, sweep, choice) {
  const rows = chosenRows(sweep, choice), {x, line} = choice;
  const xs = x.isNumber ? x.values.map(Number) : x.values.map((_, n) => n);
  const lines = line ? line.values.slice(0, mostLines) : [null], theory = theoryColumn(sweep, choice.metric);
  const series = lines.flatMap((value, n) => {
    const of = value === null ? rows : rows.filter((row) => sweep.cell(row, line.name) === value);
    const curve = curveOf(sweep, of, x, choice.metric), expected = theory && lines.length <= 8 ? curveOf(sweep, of, x, theory) : null;
    const values = x.values.map((v) => curve.get(v)?.mean ?? null);
    const several = [...curve.values()].some((c) => c?.count > 1);
    const label = value === null ? choice.metric : line.label(value), colourName = line?.isNumber && lines.length > 8 ? `ramp ${n / (lines.length - 1)}` : seriesColour(n);
    const main = {label, values, colour: colourName, width: 2, kind: x.isNumber ? "line" : "points",
      ...(several && x.isNumber ? {low: x.values.map((v) => curve.get(v)?.low ?? null), high: x.values.map((v) => curve.get(v)?.high ?? null)} : {})};
    const dashed = expected && x.isNumber ? [{label: `${value === null ? "" : label + ", "}theory`, values: x.values.map((v) => expected.get(v)?.mean ?? null), colour: colourName, width: 1.2, dash: [5, 4], plain: true}] : [];
    return [main, ...dashed];
  });
  const format = (v) => (x.isNumber ? number(v) : Number.isInteger(v) && x.values[v] !== undefined ? x.label(x.values[v]) : "");
  chart(into, {title: choice.metric, unit: line ? `a line for each ${axisLabel(line.name)}` : "", xs, height: 340, series,
    x: {label: axisLabel(x.name), axisLabel: axisLabel(x.name), log: x.isNumber && choice.logX, format, range: x.isNumber ? undefined : () => [-0.5, xs.length - 0.5], splits: x.isNumber ? undefined : xs},
    y: {label: choice.metric, log: choice.logY}});
  if (line && line.values.length > mostLines) into.append(h("p", {class: "quiet"}, `The first ${mostLines} of ${line.values.length} lines; the heat map has all.`));
}

/// The choices above the charts; `redraw` after each.
function choices(sweep, choice, redraw) {
  const set = (change) => (value) => { change(value); redraw(); };
  const axisOption = (a) => ({value: a.name, text: axisLabel(a.name)});
  const find = (name) => sweep.axes.find((a) => a.name === name) ?? null;
  const takeX = (name) => {
    if (choice.line?.name === name) choice.line = choice.x;
    choice.x = find(name);
    choice.logX = canBeLog(choice.x) && wide(choice.x);
  };
  const takeLine = (name) => {
    if (choice.x.name === name) takeX(choice.line?.name ?? sweep.axes.find((a) => a.name !== name).name);
    choice.line = find(name);
  };
  const metric = (m) => ({value: m.name, text: m.name});
  return h("div", {class: "choose"},
    chooser("Metric", [], choice.metric, set((v) => (choice.metric = v)), [{label: "varies", options: sweep.metrics.filter((m) => m.varies).map(metric)}, {label: "the same at all points", options: sweep.metrics.filter((m) => !m.varies).map(metric)}]),
    chooser("To the right", sweep.axes.map(axisOption), choice.x.name, set(takeX)),
    sweep.axes.length > 1 ? chooser("A line each, and upwards", sweep.axes.map(axisOption), choice.line?.name, set(takeLine)) : null,
    [...choice.fixed].map(([axis, v]) => chooser(axisLabel(axis.name), [...axis.values.map((t) => ({value: t, text: axis.label(t)})), {value: "*", text: "mean of all"}], v, set((value) => choice.fixed.set(axis, value)))),
    canBeLog(choice.x) ? checkbox("logarithmic", choice.logX, set((v) => (choice.logX = v))) : null,
    checkbox("logarithmic upwards", choice.logY, set((v) => (choice.logY = v))));
}

const worst = ["interrupted", "invalid", "failed", "passed"];

function sweepReasons(sweep) {
  const counts = new Map();
  for (const row of sweep.rows) {
    if (sweep.cell(row, "verdict") === "passed") continue;
    const reason = sweep.cell(row, "reasons").replace(/: found [-+.\de]+/g, "") || sweep.cell(row, "verdict");
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return [...sorted.slice(0, 5).map(([text, n]) => `${count(n, "trial")}: ${text}`), ...(sorted.length > 5 ? [`and ${sorted.length - 5} other reasons`] : [])];
}

function pointsTable(sweep, rows, caption) {
  const usual = ["redirect_ratio", "failed_requests", "latency_ms_p50", "latency_ms_p99", "requests_per_second"].filter((m) => sweep.has(m));
  const mark = (v) => verdictMark(v, verdictKind[v] ?? "none");
  return table(caption, ["point", ...sweep.axes.map((a) => ({text: axisLabel(a.name), numeric: a.isNumber})), "verdict", "reasons", ...usual.map(numeric)],
    rows.map((row) => [sweep.cell(row, "point") + (Number(sweep.manifest.replications) > 1 ? `.${sweep.cell(row, "replication")}` : ""), ...sweep.axes.map((a) => a.label(sweep.cell(row, a.name))), mark(sweep.cell(row, "verdict")), sweep.cell(row, "reasons"), ...usual.map((m) => toNumber(sweep.cell(row, m)))]));
}

function showSweep(into) {
  const sweep = readSweep(), {rows} = sweep, of = (v) => rows.filter((row) => sweep.cell(row, "verdict") === v);
  const verdict = worst.find((v) => of(v).length) ?? "passed", points = new Set(rows.map((row) => sweep.cell(row, "point"))).size;
  document.title = `${sweep.scenario}: sweep of ${points} points`;
  const engine = sweep.manifest.engine ? `${sweep.manifest.engine === "virtual" ? "simulated" : "measured"} (${sweep.manifest.engine} engine) · ` : "";
  into.append(head(`Sweep · ${engine}${count(points, "point")}, ${count(rows.length, "trial")}${sweep.manifest.file ? " · " + sweep.manifest.file : ""}`, sweep.scenario, verdict, `Over ${sweep.axes.map((a) => `${axisLabel(a.name)} (${a.values.length})`).join(", ")}.`, sweepReasons(sweep), []),
    h("dl", {class: "tiles"}, tile("Points", number(points)), tile("Trials", number(rows.length)), ...["passed", "failed", "invalid"].map((v) => tile(v[0].toUpperCase() + v.slice(1), number(of(v).length), null, v === "failed" && of(v).length ? "bad" : "")), tile("Axes", number(sweep.axes.length))));
  if (sweep.valid.length && sweep.axes.length && sweep.metrics.length) sweepCharts(into, sweep);
  else into.append(h("p", {class: "quiet"}, "There is nothing to draw: no valid trial, or no axis."));
  const bad = rows.filter((row) => sweep.cell(row, "verdict") !== "passed"), most = 50;
  into.append(section("points", "Points", bad.length ? [h("h3", {}, `Not passed${bad.length > most ? `: the first ${most} of ${number(bad.length)}` : ""}`), pointsTable(sweep, bad.slice(0, most), "Trials that did not pass")] : null,
    foldedTable(`All ${count(rows.length, "trial")}`, () => pointsTable(sweep, rows, "All trials"))));
}

function sweepCharts(into, sweep) {
  const choice = firstChoice(sweep), place = section("curves", "Curves"), heat = section("heat", "Heat map"), body = h("div", {}), heatBody = h("div", {}), chosen = h("div", {});
  place.append(chosen, body);
  heat.append(heatBody);
  into.append(place);
  if (sweep.axes.length > 1) into.append(heat);
  const redraw = () => {
    const focused = [...chosen.querySelectorAll("select, input")].indexOf(document.activeElement);
    dropCharts(body);
    body.replaceChildren();
    chosenRows(sweep, choice); // which axes are fixed
    chosen.replaceChildren(choices(sweep, choice, redraw));
    curvesChart(body, sweep, choice);
    if (sweep.axes.length > 1) heatBody.replaceChildren(heatMap(sweep, choice));
    if (focused >= 0) chosen.querySelectorAll("select, input")[focused]?.focus();
  };
  redraw();
}
