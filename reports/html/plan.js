// The report of a plan, from plan.json, candidates.csv and tornado.csv.

const fateKind = {accepted: "good", refused: "bad", "ruled out": "none", "not needed": "none"};

const valuesOf = (c) => Object.entries(c.values).map(([path, v]) => `${axisLabel(path)} ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ");

const priced = (p, price) => number(price) + (p.currency ? " " + p.currency : "");

function goalTable(candidate) {
  const kept = (g) => (g.headroom === null ? verdictMark("unknown", "none") : g.headroom >= 0 ? verdictMark("met", "good") : verdictMark("missed", "bad"));
  const room = (g) => h("div", {class: "bar", "aria-hidden": "true"}, h("i", {style: `width:${Math.max(0, Math.min(100, 100 * (g.headroom ?? 0)))}%`}));
  return table("Goals", ["goal", "circumstance", numeric("mean"), numeric("low"), numeric("high"), numeric("runs"), unseen("met"), numeric("head-room"), unseen("bar")],
    candidate.goals.map((g) => [g.goal, g.circumstance, g.mean, g.low, g.high, g.replications, kept(g), g.headroom === null ? "–" : percent(g.headroom), {value: room(g), class: "wide"}]), {class: "shares"});
}

/// Prices from lowest to highest: how many candidates of which fate, as points.
function priceChart(into, candidates) {
  const at = candidates.columns.indexOf("price"), fate = candidates.columns.indexOf("fate"), first = candidates.columns.slice(0, at);
  const rows = candidates.rows.map((r) => ({price: toNumber(r[at]), fate: r[fate], name: first.map((c, n) => `${axisLabel(c)} ${r[n]}`).join(", ")})).filter((r) => r.price !== null).sort((a, b) => a.price - b.price);
  const fates = ["accepted", "refused", "ruled out", "not needed"], colours = {accepted: "s2", refused: "s3", "ruled out": "s4", "not needed": "s1"};
  chart(into, {title: "Candidates by price", unit: "a point each, from the cheapest to the dearest", height: 240, xs: rows.map((_, n) => n + 1),
    x: {label: "candidate", axisLabel: "candidates, by price", format: (v) => (Number.isInteger(v) && rows[v - 1] ? rows[v - 1].name : ""), axisFormat: (v) => (Number.isInteger(v) ? String(v) : "")}, y: {label: "price"},
    series: fates.filter((f) => rows.some((r) => r.fate === f)).map((f) => ({label: f, values: rows.map((r) => (r.fate === f ? r.price : null)), colour: colours[f], kind: "points"}))});
}

/// What each input changes: bars between the figures at its low and high ends, around the base.
function spanTable(caption, heads, rows, base) {
  const ends = rows.flatMap((r) => [r.low, r.high]).concat([base]).filter((v) => v !== null && Number.isFinite(v));
  const least = Math.min(...ends), most = Math.max(...ends), scale = (v) => (most === least ? 50 : (100 * (v - least)) / (most - least));
  const bar = (r) => {
    const known = [r.low, r.high].map((v) => v ?? base), a = scale(Math.min(...known)), b = scale(Math.max(...known));
    return h("div", {class: "span", "aria-hidden": "true"}, h("i", {style: `left:${a}%;width:${b - a}%`}), h("u", {style: `left:${scale(base)}%`}));
  };
  return table(caption, heads, rows.map((r) => [...r.cells, {value: bar(r), class: "wide"}]), {class: "spans"});
}

function sensitivity(plan) {
  const rows = plan.sensitivity, metricBase = plan.answer?.goals.find((g) => g.goal === plan.binding?.goal && g.circumstance === plan.binding?.circumstance)?.mean ?? null;
  if (!rows.length || !plan.answer) return null;
  const price = (v) => (v === null ? verdictMark("no answer", "bad") : number(v));
  const byPrice = spanTable("Price of the answer by input", ["input", numeric("from"), numeric("to"), numeric("price low"), numeric("price high"), unseen("bar")],
    rows.map((r) => ({low: r.price_low, high: r.price_high, cells: [r.input, r.low, r.high, price(r.price_low), price(r.price_high)]})), plan.answer.price);
  const byMetric = metricBase === null ? null : [h("h3", {}, `${plan.binding.goal} at the answer`), spanTable("The binding goal's metric by input", ["input", numeric("from"), numeric("to"), numeric("low"), numeric("high"), unseen("bar")],
    rows.map((r) => ({low: r.metric_low, high: r.metric_high, cells: [r.input, r.low, r.high, r.metric_low, r.metric_high]})), metricBase)];
  return section("sensitivity", "What the answer depends on", h("h3", {}, "Price"), byPrice, byMetric, h("p", {class: "key"}, "The line is the answer as it stands; each bar reaches from the input's low end to its high one."));
}

function showPlan(into) {
  const p = report.files["plan.json"], candidates = parseCsv(report.files["candidates.csv"] ?? ""), c = p.candidates, answer = p.answer;
  document.title = `${p.scenario}: plan`;
  const said = [];
  if (answer) said.push(["The cheapest topology that meets all goals: ", h("b", {}, valuesOf(answer)), ", at a price of ", h("b", {}, priced(p, answer.price)), "."]);
  if (p.binding) said.push(["What binds: ", h("b", {}, p.binding.goal), `, ${p.binding.circumstance}`, p.binding.shown_by_neighbour ? "; the dearest topology that is one step cheaper misses it." : "; no neighbour shows a miss, and this goal has the least head-room."]);
  if (!answer && p.nearest_miss) said.push(["Nearest miss: ", h("b", {}, valuesOf(p.nearest_miss)), `, price ${priced(p, p.nearest_miss.price)}: ${p.nearest_miss.reason ?? ""}`]);
  into.append(head(`Plan · simulated · seed ${p.seed} · confidence ${100 * p.confidence} % · ${p.file} · crest-sim ${p.version}`, p.scenario, answer ? "answer found" : "no answer", null, answer ? [] : ["no topology of the space meets all goals"], said),
    h("dl", {class: "tiles"}, tile("Price", answer ? number(answer.price) : "–", p.currency), tile("Candidates", number(c.all)), tile("Ruled out", number(c.ruled_out), "by theory, without a run"), tile("Refused", number(c.refused), "by their runs"), tile("Not needed", number(c.not_needed), "not cheaper than the answer"), tile("Runs", number(answer?.runs ?? null), "of the answer")));
  const shown = answer ?? p.nearest_miss;
  if (shown?.goals?.length) into.append(section("goals", answer ? "Goals, and the head-room of the answer" : "Goals, and how the nearest miss does", goalTable(shown)));
  if (p.cheaper_neighbours.length) into.append(section("cheaper", "Why not one step cheaper", table("Cheaper neighbours", ["topology", numeric("price"), "fate", "why not"], p.cheaper_neighbours.map((n) => [valuesOf(n), n.price, verdictMark(n.fate, fateKind[n.fate]), n.reason ?? ""]))));
  const depends = sensitivity(p);
  if (depends) into.append(depends);
  if (!candidates.rows.length) return;
  const all = section("candidates", "Candidates");
  into.append(all);
  priceChart(all, candidates);
  all.append(foldedTable(`All ${count(candidates.rows.length, "candidate")}`, () => table("All candidates", candidates.columns.map((t, n) => ({text: n < candidates.columns.indexOf("price") ? axisLabel(t) : t, numeric: candidates.rows.every((r) => r[n] === "" || toNumber(r[n]) !== null)})),
    candidates.rows.map((r) => r.map((cell) => (cell !== "" && toNumber(cell) !== null ? Number(cell) : cell))))));
}
