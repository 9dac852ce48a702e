// A run over time: charts below each other on one axis, with phases and events.

/// timeseries.csv: {balancers: {name: slices}, all: slices}, by time.
function readTimeseries(text) {
  const {columns, rows} = parseCsv(text ?? "");
  const at = Object.fromEntries(columns.map((c, n) => [c, n]));
  const all = [], balancers = new Map();
  for (const row of rows) {
    const slice = Object.fromEntries(columns.map((c, n) => [c, c === "balancer" ? row[n] : toNumber(row[n])]));
    const name = row[at.balancer];
    if (name === "all") all.push(slice);
    else balancers.has(name) ? balancers.get(name).push(slice) : balancers.set(name, [slice]);
  }
  return {all, balancers};
}

/// The middle of each slice; slices without requests are not in the file, and are gaps here.
function timeAxis(slices) {
  const width = slices.length ? slices[0].to_s - slices[0].from_s : 1;
  const by = new Map();
  for (const s of slices) by.set(Math.round(s.from_s / width), true);
  const steps = [...by.keys()].sort((a, b) => a - b);
  const xs = [];
  for (let n = steps[0] ?? 0; steps.length && n <= steps.at(-1); ++n) xs.push((n + 0.5) * width);
  const column = (of, value) => {
    const out = xs.map(() => null);
    for (const s of of) {
      const n = Math.round(s.from_s / width) - (steps[0] ?? 0);
      if (n >= 0 && n < out.length) out[n] = value(s);
    }
    return out;
  };
  return {xs, width, column};
}

const mostBalancerLines = 8;

/// Failed requests as bars, of several causes one on the other where the time series has them (columns failed_CAUSE). What
/// is drawn further back reaches higher, by what is before it.
function failureSeries(series, axis) {
  const causes = Object.keys(series.all[0] ?? {}).filter((c) => c.startsWith("failed_") && series.all.some((s) => s[c] > 0));
  const words = (c) => c.slice("failed_".length).replaceAll("_", " ");
  const all = {label: causes.length === 1 ? "failed: " + words(causes[0]) : "failed", values: axis.column(series.all, (s) => s.failed), colour: "bad", kind: "bars"};
  if (causes.length < 2) return [all];
  return [all, ...causes.map((c, n) => ({
    label: words(c), colour: seriesColour(n + 1), kind: "bars", values: axis.column(series.all, (s) => s[c]),
    drawn: axis.column(series.all, (s) => causes.slice(n).reduce((sum, other) => sum + s[other], 0)),
  }))];
}

/// Appends the charts of a run. `others`: a second run to draw dashed beside it (comparison), or null.
function timeCharts(parent, run, other) {
  const series = run.series, axis = timeAxis(other ? [...series.all, ...other.series.all] : series.all);
  if (!axis.xs.length) {
    parent.append(h("p", {class: "quiet"}, "There is no timeseries.csv beside the summary, or it has no requests."));
    return;
  }
  const end = Math.max(axis.xs.at(-1) + axis.width / 2, run.summary.duration_s ?? 0);
  // The last slice ends where the load did: that is no fall of a rate.
  const widthOf = (s, of) => {
    const end = of.summary.duration_s ?? s.to_s;
    return (s.from_s < end && end < s.to_s ? end : s.to_s) - s.from_s;
  };
  const x = {label: "time", format: (v) => number(Math.round(v * 1000) / 1000) + " s", axisFormat: (v) => number(Math.round(v * 1000) / 1000) + " s", range: () => [0, end]};
  const line = (label, value, colourName, more) => [
    {label, values: axis.column(series.all, (s) => value(s, run)), colour: colourName, width: 2, ...more},
    ...(other ? [{label: label === "new" ? "base" : label + ", base", values: axis.column(other.series.all, (s) => value(s, other)), colour: colourName, width: 1.5, dash: [4, 3], plain: true}] : []),
  ];
  const lines = other || series.balancers.size > mostBalancerLines || series.balancers.size < 2 ? [] : [...series.balancers].map(([name, slices], n) => ({
    label: name, values: axis.column(slices, (s) => s.redirect_ratio), colour: seriesColour(n + 1), width: 1, plain: true,
  }));
  const all = lines.length || other ? (other ? "new" : "all") : "redirect ratio";
  const base = {xs: axis.xs, sync: "time", class: "time"};
  const common = (named, last) => ({...base, x, marks: marksOf(run.summary, named), bare: !last});
  const failures = other ? line("failed", (s) => s.failed, "bad") : failureSeries(series, axis);
  chart(parent, {...common(true), title: "Redirect ratio", unit: "redirects per request", y: {label: "redirect ratio"}, height: 150,
    series: [...line(all, (s) => s.redirect_ratio, "s1"), ...lines]});
  chart(parent, {...common(false), title: "Failed requests", unit: `per ${seconds(axis.width)}`, y: {label: "failed"}, height: 96, series: failures});
  chart(parent, {...common(false), title: "Latency", unit: "milliseconds", y: {label: "latency", }, height: 122,
    series: [...line("p99", (s) => s.latency_ms_p99, "s3"), ...line("p50", (s) => s.latency_ms_p50, "s2")]});
  chart(parent, {...common(false, true), title: "Requests", unit: "per second", y: {label: "requests"}, height: 128,
    series: line("requests", (s, of) => s.requests / widthOf(s, of), "s4")});
}

/// Latency by percentile: x = 1/(1 - p), logarithmic, so that each nine has the same room.
function percentileChart(parent, curves) {
  const xs = [...new Set(curves.flatMap((c) => c.points.map(([p]) => 100 / (100 - p))))].sort((a, b) => a - b);
  if (!xs.length) return;
  const nines = [1, 2, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7].filter((v) => v <= xs.at(-1) * 1.2);
  const name = (v) => (v <= 1 ? "0 %" : v === 2 ? "50 %" : (100 - 100 / v).toFixed(Math.max(0, Math.round(Math.log10(v)) - 2)) + " %");
  const values = (c) => {
    const at = new Map(c.points.map(([p, ms]) => [100 / (100 - p), ms]));
    return xs.map((x) => at.get(x) ?? null);
  };
  chart(parent, {
    title: "Latency by percentile", unit: "milliseconds", xs, height: 240, class: "percentiles",
    x: {label: "percentile", log: true, splits: nines, axisFormat: name, format: (v) => "p" + number(Math.round((100 - 100 / v) * 1e4) / 1e4)},
    y: {label: "latency", log: true, format: (v) => number(v), axisFormat: short},
    series: curves.map((c) => ({label: c.label, values: values(c), colour: c.colour, dash: c.dash, width: c.width ?? 1.5, plain: true})),
  });
}
