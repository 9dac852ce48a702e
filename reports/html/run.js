// The report of a run, from summary.json and timeseries.csv.

const verdictKind = {error: "bad", passed: "good", failed: "bad", invalid: "warn", interrupted: "warn", regressed: "bad", "answer found": "good", "no answer": "bad"};

/// The head of every report: what it is of, the verdict, why, what happened.
function head(eyebrow, title, verdict, description, reasons, happened) {
  const kind = verdictKind[verdict] ?? "none";
  return h("header", {class: "head " + kind},
    h("p", {class: "eyebrow"}, eyebrow),
    h("h1", {}, title, " ", verdict ? h("span", {class: "badge " + kind}, verdict) : null),
    description ? h("p", {class: "description"}, description) : null,
    reasons.length ? h("ul", {class: "reasons", "aria-label": "Reasons"}, reasons.map((r) => h("li", {}, r))) : null,
    happened.length ? h("div", {class: "story"}, h("h2", {}, "What happened"), happened.map((line) => h("p", {}, line))) : null);
}

function tile(name, value, more, kind) {
  return h("div", {class: "tile " + (kind ?? "")}, h("dt", {}, name), h("dd", {}, h("b", {}, value), more ? h("span", {}, more) : null));
}

const within = (m) => (m?.confidence_interval && !Array.isArray(m.confidence_interval[0]) && Array.isArray(m.confidence_interval) ? `${number(m.confidence_interval[0])} to ${number(m.confidence_interval[1])}` : null);

function tiles(s) {
  const m = s.metrics, ratio = m.redirect_ratio, latency = m.latency_ms;
  const theory = ratio?.theory !== null && ratio?.theory !== undefined ? `theory ${number(ratio.theory)}` : `${number(ratio?.numerator)} of ${number(ratio?.denominator)}`;
  return h("dl", {class: "tiles"},
    tile("Requests", number(m.requests?.value), `${number(m.requests_per_second?.value)} per second`),
    tile("Redirect ratio", number(ratio?.value), within(ratio) ?? theory),
    tile("Failed", number(m.failed_requests?.value), percent(m.failed_ratio?.value), m.failed_requests?.value > 0 ? "bad" : ""),
    tile("Latency p50", number(latency?.p50) + " ms", `mean ${number(latency?.mean)} ms`),
    tile("Latency p99", number(latency?.p99) + " ms", `max ${number(latency?.max)} ms`),
    tile("Hops per request", number(m.hops_per_request?.value), `${number(m.retries?.value)} retries`));
}

function thresholdTable(s) {
  if (!s.thresholds.length) return h("p", {class: "quiet"}, "The scenario has no thresholds.");
  const mark = (t) => (t.passed ? verdictMark("holds", "good") : t.undecided ? verdictMark("undecided", "warn") : verdictMark("broken", "bad"));
  return table("Thresholds", ["metric", "wanted", numeric("found"), unseen("verdict"), "note"],
    [...s.thresholds].sort((a, b) => a.passed - b.passed).map((t) => ({class: t.passed ? null : "broken", cells: [t.metric, h("code", {}, t.expression), t.value, mark(t), t.note ?? ""]})));
}

function invariantTable(s) {
  const mark = (i) => (!i.passed ? verdictMark("broken", "bad") : !i.exercised ? verdictMark("not exercised", "none") : verdictMark("holds", "good"));
  const note = (i) => [i.note ?? "", i.examples.length ? foldedTable(count(i.examples.length, "example"), () => h("ul", {class: "examples"}, i.examples.map((e) => h("li", {}, h("code", {}, e))))) : null];
  return table("Invariants", ["invariant", numeric("checked"), numeric("violations"), unseen("verdict"), "note"],
    s.invariants.map((i) => ({class: i.passed ? null : "broken", cells: [i.name, i.checked, i.violations + (i.expected_violations ?? 0), mark(i), note(i)]})));
}

/// Known keys in columns; what other versions of crest-sim add, as they name it.
function eventTable(s) {
  if (!s.events.length) return null;
  const known = ["name", "kind", "node", "detail", "at_s", "done_s", "convergence_s", "convergence_requests", "convergence_note", "peak_redirect_ratio", "confidence_interval"];
  const more = [...new Set(s.events.flatMap((e) => Object.keys(e)))].filter((k) => !known.includes(k) && s.events.some((e) => ["number", "string"].includes(typeof e[k])));
  return table("Events", ["event", numeric("at"), "what was done", numeric("converged after"), numeric("requests until then"), numeric("peak ratio"), ...more.map((k) => k.replace(/_s$/, "").replaceAll("_", " "))],
    s.events.map((e, n) => [`${n + 1}  ${e.name}`, seconds(e.at_s), e.detail ?? "", e.convergence_s === null && e.convergence_note ? {value: e.convergence_note, class: "wrap"} : seconds(e.convergence_s), e.convergence_requests ?? null, e.peak_redirect_ratio ?? null, ...more.map((k) => (k.endsWith("_s") ? seconds(e[k]) : e[k] || "–"))]));
}

/// Rows of the usual figures: [name, metrics].
function figureTable(caption, what, rows) {
  const value = (m, name) => m[name]?.value ?? null;
  const failed = (m) => ({value: number(value(m, "failed_requests")), class: value(m, "failed_requests") > 0 ? "bad" : null});
  return table(caption, [what, ...["requests", "per second", "redirect ratio", "theory", "map hits", "stale hits", "failed", "hops per request", "p50 ms", "p90 ms", "p99 ms", "max ms"].map(numeric)],
    rows.map(([name, m]) => [name, value(m, "requests"), value(m, "requests_per_second"), value(m, "redirect_ratio"), m.redirect_ratio?.theory ?? null, percent(value(m, "map_hit_ratio")), percent(value(m, "stale_hit_ratio")), failed(m), value(m, "hops_per_request"), m.latency_ms?.p50 ?? null, m.latency_ms?.p90 ?? null, m.latency_ms?.p99 ?? null, m.latency_ms?.max ?? null]));
}

/// Groups and kinds of balancers, where the result has several: [name, slice].
const setsOf = (s) => [...Object.entries(s.groups ?? {}).map(([n, g]) => [`group ${n}${n.startsWith(g.kind) ? "" : ` (${g.kind})`}`, g]), ...Object.entries(s.kinds ?? {}).map(([n, k]) => ["kind " + n, k])];

/// Failures by cause (statuses by number), of the whole run and of each slice that had some. Null where the result names no causes.
function causeTable(s) {
  const names = causesOf(s.metrics).map(([c]) => c);
  if (!names.length) return null;
  const row = (name, metrics) => {
    const of = new Map(causesOf(metrics));
    return [name, ...names.map((c) => of.get(c) ?? 0)];
  };
  const parts = [...Object.entries(s.phases).map(([n, p]) => row("phase " + n, p.metrics)), ...setsOf(s).map(([n, set]) => row(n, set.metrics)), ...Object.entries(s.balancers).map(([n, b]) => row(n, b.metrics))];
  return table("Failed requests by cause", ["part", ...names.map(numeric)], [row("all", s.metrics), ...parts.filter((r) => r.slice(1).some((n) => n > 0))]);
}

function sharesOf(s, metric, label, caption) {
  const entries = byLabel(s.metrics, metric, label).map(([name, m]) => [name.replaceAll("_", " "), m.value]).filter(([, n]) => n > 0);
  return entries.length ? h("div", {}, h("h3", {}, caption), shareTable(caption, label, entries)) : null;
}

function allMetrics(s) {
  const rows = Object.entries(s.metrics).flatMap(([name, m]) => "p50" in m
    ? ["count", "min", "p50", "p90", "p95", "p99", "p999", "max", "mean"].filter((k) => k in m).map((k) => [`${name} ${k}`, m[k], m.confidence_interval?.[k] ? m.confidence_interval[k].map(number).join(" to ") : m.within?.[k] ? m.within[k].map(number).join(" to ") : "", ""])
    : [[name, m.value, within(m) ?? "", m.denominator !== undefined ? `${number(m.numerator)} of ${number(m.denominator)}` : ""]]);
  return foldedTable("All metrics", () => table("All metrics", ["metric", numeric("value"), "within", "counts"], rows));
}

function runFacts(s) {
  const kind = s.engine === "virtual" ? "simulated" : "measured";
  const replications = s.replications ? `, ${count(s.replications.count, "replication")} at ${100 * s.replications.confidence} %` : "";
  return `Run · ${kind} (${s.engine} engine)${replications} · seed ${s.seed} · ${seconds(s.duration_s)} · ${s.file}`;
}

/// What ran, where and when, where the result says so.
function provenance(s) {
  const p = s.provenance;
  if (!p) return null;
  const rows = [["command", h("code", {}, p.command?.join(" ") ?? "")], ["overrides", p.overrides?.length ? h("code", {}, p.overrides.join("  ")) : "none"],
    ["crest-sim", [p.version, p.commit].filter(Boolean).join(", commit ")], ["started", p.started ?? "–"], ["ended", p.ended ?? "–"],
    ["machine", [p.host, p.cores ? count(p.cores, "core") : null].filter(Boolean).join(", ")],
    ["load average before, after", `${number(p.load_average_before)}, ${number(p.load_average_after)}`], ["processors busy meanwhile", percent(p.cpu_busy_during)],
    ["scenario's digest", h("code", {}, p.scenario_digest ?? "–")]];
  return section("ran", "What ran", table("What ran", ["what", "value"], rows),
    p.scenario ? foldedTable("The scenario, with what overrides it", () => h("pre", {tabindex: "0", class: "scroll", "aria-label": "Scenario"}, JSON.stringify(p.scenario, null, 2))) : null);
}

function showRun(into) {
  const s = report.files["summary.json"], run = {summary: s, series: readTimeseries(report.files["timeseries.csv"])};
  const verdict = report.live && !report.live.over ? "running" : s.verdict;
  document.title = `${s.scenario}: ${verdict}`;
  if (!Object.keys(s.metrics).length) {
    into.append(head(runFacts(s), s.scenario, verdict, s.description, s.reasons, []), ...[provenance(s)].filter(Boolean));
    return;
  }
  into.append(head(runFacts(s), s.scenario, verdict, s.description, s.reasons, story(s, run.series.all)), tiles(s),
    section("thresholds", "Thresholds", thresholdTable(s)), section("topology", "Topology", topologyFigure(s)));
  const time = section("time", "Over time");
  into.append(time);
  timeCharts(time, run, null);
  const events = eventTable(s);
  if (events) time.append(h("h3", {}, "Events"), events);
  const causes = causeTable(s);
  if (causes) into.append(section("causes", "Failed requests by cause", causes));
  const latency = section("latency", "Latency and redirects"), pair = h("div", {class: "pair"}), left = h("div", {});
  into.append(latency);
  latency.append(pair);
  pair.append(left, sharesOf(s, "redirects", "reason", "Redirects by reason") ?? h("p", {class: "quiet"}, "No redirects."));
  percentileChart(left, percentileCurves(s));
  if (Object.keys(s.phases).length) into.append(section("phases", "Phases", figureTable("Phases", "phase", [["all", s.metrics], ...Object.entries(s.phases).map(([n, p]) => [n, p.metrics])])));
  into.append(section("balancers", "Balancers", balancerSets(s), figureTable("Balancers", "balancer", Object.entries(s.balancers).map(([n, b]) => [n, b.metrics])), balancerPhases(s), balancerLogs(s)),
    section("invariants", "Invariants", invariantTable(s)));
  const ran = provenance(s);
  if (ran) into.append(ran);
  into.append(section("more", "More", s.notes.length ? h("ul", {class: "notes"}, s.notes.map((n) => h("li", {}, n))) : null, allMetrics(s)));
}

/// Of the whole run, and of each phase and each group of balancers that has them.
function percentileCurves(s) {
  const phases = Object.entries(s.phases).length > 1 ? Object.entries(s.phases).slice(0, 7) : [];
  const groups = Object.entries(s.groups ?? {}).slice(0, 7 - phases.length), points = (part) => part.metrics.latency_ms?.percentiles ?? [];
  return [{label: "all", points: points(s), colour: "s1", width: 2},
    ...phases.map(([name, p], n) => ({label: name, points: points(p), colour: seriesColour(n + 1)})),
    ...groups.map(([name, g], n) => ({label: "group " + name, points: points(g), colour: seriesColour(phases.length + n + 1), dash: [4, 3]}))].filter((c) => c.points.length);
}

/// The first lines of failing balancers' own logs, where the result has them.
function balancerLogs(s) {
  const lines = logLines(s);
  return lines.length ? [h("h3", {}, "What they say themselves"), table("Log messages of balancers", ["balancer", numeric("times"), "message"], lines.map((m) => [m.name, m.count, h("code", {}, m.text)]))] : null;
}

/// Nginx against gateway at a glance: above the table of balancers.
function balancerSets(s) {
  const sets = setsOf(s);
  return sets.length ? figureTable("Groups and kinds of balancers", "balancers", sets.map(([n, set]) => [n, set.metrics])) : null;
}

function balancerPhases(s) {
  const rows = [...setsOf(s), ...Object.entries(s.balancers)].flatMap(([name, b]) => Object.entries(b.phases ?? {}).map(([phase, p]) => [`${name}, ${phase}`, p.metrics]));
  return Object.keys(s.phases).length > 1 && rows.length ? foldedTable("Each balancer by phase", () => figureTable("Balancers by phase", "balancer, phase", rows)) : null;
}
