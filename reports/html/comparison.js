// The report of a comparison, from compare.json: which figures differ by more than chance, and both runs side by side.

const judgements = {regression: ["worse", "bad"], better: ["better", "good"], tolerated: ["worse, tolerated", "warn"], same: ["no difference shown", "none"], "not judged": ["not judged", "none"]};

const change = (r) => (r.base === null || r.new === null || r.base === 0 ? "–" : (r.new >= r.base ? "+" : "−") + percent(Math.abs(r.new / r.base - 1)));

/// The interval of the difference, relative to what is tolerated.
function comparisonTable(rows, caption) {
  const interval = (r) => (r.difference_within ? `${number(r.difference_within[0])} to ${number(r.difference_within[1])}` : "–");
  return table(caption, ["figure", numeric("base"), numeric("new"), numeric("change"), numeric("difference within"), "judged"],
    rows.map((r) => ({class: r.judged === "regression" ? "broken" : null, cells: [r.name, r.base, r.new, change(r), interval(r), verdictMark(...judgements[r.judged])]})));
}

function sideBySide(base, now) {
  const row = (name, value) => [name, value(base), value(now)];
  return table("Both runs", ["what", "base", "new"], [row("scenario", (s) => s.scenario), row("verdict", (s) => verdictMark(s.verdict, verdictKind[s.verdict])), row("engine", (s) => s.engine), row("seed", (s) => String(s.seed)), row("duration", (s) => seconds(s.duration_s)), row("balancers", (s) => Object.keys(s.balancers).join(", ")), row("proxies", (s) => number(s.topology?.proxies ?? null)),
    ...[["crest-sim", (p) => [p.version, p.commit].filter(Boolean).join(", commit ")], ["overrides", (p) => p.overrides?.join("  ") || "none"], ["machine", (p) => p.host ?? "–"], ["scenario's digest", (p) => p.scenario_digest ?? "–"]].filter(() => base.provenance || now.provenance).map(([name, value]) => row(name, (s) => (s.provenance ? value(s.provenance) : "–")))]);
}

function showComparison(into) {
  const c = report.files["compare.json"], base = c.base, now = c.new, worse = c.rows.filter((r) => r.judged === "regression"), better = c.rows.filter((r) => r.judged === "better");
  document.title = `${now.scenario}: comparison`;
  const reasons = [...c.broken_invariants.map((i) => `invariant ${i} held in base and is broken in new`), ...worse.map((r) => `${r.name}: ${number(r.base)} → ${number(r.new)} (${change(r)}), tolerated ${percent(r.tolerance)}`)];
  const said = [[worse.length || better.length ? `${count(worse.length, "figure")} worse beyond tolerance, ${number(better.length)} better; all together with ${100 * c.confidence} % confidence.` : `No figure differs by more than chance explains, with ${100 * c.confidence} % confidence for all together.`], ...c.remarks.map((r) => [r])];
  into.append(head(`Comparison · base seed ${base.seed}, new seed ${now.seed}${c.phase ? ` · phase ${c.phase}` : ""}`, now.scenario, c.regressed ? "regressed" : "passed", null, reasons, said));
  const judged = c.rows.filter((r) => r.judged !== "not judged"), order = ["regression", "tolerated", "better", "same"];
  into.append(section("figures", "Figures", comparisonTable(judged.sort((a, b) => order.indexOf(a.judged) - order.indexOf(b.judged)), "Judged figures"), foldedTable("Counts and values that are not judged", () => comparisonTable(c.rows.filter((r) => r.judged === "not judged"), "Not judged")),
    c.only_in_base.length ? h("p", {class: "quiet"}, "Only in base: " + c.only_in_base.join(", ")) : null, c.only_in_new.length ? h("p", {class: "quiet"}, "Only in new: " + c.only_in_new.join(", ")) : null),
    section("runs", "The two runs", sideBySide(base, now)));
  const time = section("time", "Over time"), latency = section("latency", "Latency");
  into.append(time, latency);
  timeCharts(time, {summary: now, series: readTimeseries(c.new_timeseries)}, {summary: base, series: readTimeseries(c.base_timeseries)});
  time.append(h("p", {class: "key"}, "Lines: new; dashed: base. Phases and events are those of new."));
  percentileChart(latency, [{label: "new", points: now.metrics.latency_ms?.percentiles ?? [], colour: "s1", width: 2}, {label: "base", points: base.metrics.latency_ms?.percentiles ?? [], colour: "s1", dash: [4, 3]}]);
  const sides = [["base", base], ["new", now]];
  for (const [kind, title] of [["phases", "Phases"], ["groups", "Groups of balancers"], ["kinds", "Kinds of balancers"], ["balancers", "Balancers"]]) {
    const names = [...new Set(sides.flatMap(([, s]) => Object.keys(s[kind] ?? {})))];
    const rows = names.flatMap((name) => sides.filter(([, s]) => s[kind]?.[name]).map(([side, s]) => [`${name}, ${side}`, s[kind][name].metrics]));
    if (rows.length) into.append(section(kind, title, figureTable(title, kind.slice(0, -1), rows)));
  }
  into.append(h("div", {}, sides.map(([side, s]) => section("topology-" + side, "Topology of " + side, topologyFigure(s)))));
}
