// The report of a plan that looks for a value, from limit.json.

const outcomeKind = {holds: "good", undecided: "warn", fails: "bad", invalid: "none"};
const outcomeColour = {holds: "s2", undecided: "s4", fails: "s3", invalid: "s1"};
const endings = {found: "limit found", "at the end": "no limit in the range", nowhere: "no answer", "not known": "limit not known"};

/// The goals of a plan in their circumstances, each once: {name, bound, at: value → what it was there}.
function goalsOf(values) {
  const goals = new Map();
  for (const v of values)
    for (const g of v.goals) {
      const name = g.circumstance === "as it stands" ? g.goal : `${g.goal}, ${g.circumstance}`;
      if (!goals.has(name)) goals.set(name, {name, bound: g.bound, at: new Map()});
      goals.get(name).at.set(v.value, g);
    }
  return [...goals.values()];
}

/// A logarithmic axis that begins and ends at 1, 2 or 5 times a power of ten, where all is positive and spans `factor`.
function logarithmic(some, factor) {
  const low = Math.min(...some), high = Math.max(...some);
  if (!(low > 0 && high >= factor * low)) return {};
  const below = (v) => { const ten = 10 ** Math.floor(Math.log10(v)); return ten * [5, 2, 1].find((n) => n * ten <= v * 1.0000001); };
  const above = (v) => { const ten = 10 ** Math.floor(Math.log10(v)); return ten * [1, 2, 5, 10].find((n) => n * ten >= v / 1.0000001); };
  return {log: true, range: [below(low), above(high)]};
}

/// A goal against the input: its mean with the bounds by which it is judged, what became of each value, its own bound.
function goalChart(into, p, goal) {
  const values = p.values.filter((v) => (goal.at.get(v.value)?.mean ?? null) !== null);
  if (!values.length) return;
  const xs = values.map((v) => v.value), of = (key) => values.map((v) => goal.at.get(v.value)[key]);
  const means = of("mean");
  const outcomes = Object.keys(outcomeKind).filter((o) => values.some((v) => v.outcome === o));
  chart(into, {title: goal.name, unit: "mean, and the bounds by which it is judged", height: 260, xs,
    x: {label: axisLabel(p.input), axisLabel: axisLabel(p.input), ...logarithmic(xs, 8)}, y: {label: goal.name, ...logarithmic([...means, goal.bound], 20)},
    series: [{label: "mean", values: means, low: of("low"), high: of("high"), colour: "s1"},
      {label: "goal", values: xs.map(() => goal.bound), colour: "s5", dash: [6, 4], plain: true},
      ...outcomes.map((o) => ({label: o, values: values.map((v, n) => (v.outcome === o ? means[n] : null)), colour: outcomeColour[o], kind: "points"})),
      ...(values.some((v) => v.value === p.answer) ? [{label: "answer", values: values.map((v, n) => (v.value === p.answer ? means[n] : null)), colour: "s8", kind: "points"}] : [])]});
}

const estimateText = (e) => (!e ? "not run" : e.mean === null ? "no samples" : `${number(e.mean)} (${number(e.low)} to ${number(e.high)})`);

function showLimit(into) {
  const p = report.files["limit.json"], answer = p.values.find((v) => v.value === p.answer), miss = p.first_miss;
  const how = p.engine === "virtual" ? "simulated" : "measured", input = axisLabel(p.input);
  document.title = `${p.scenario}: limit`;
  const said = [], bad = p.outcome === "nowhere" ? ["no value that was tried meets all goals"] : [];
  const last = p.values.find((v) => v.value === p.beyond) ?? p.values[0];
  if (p.outcome === "not known") bad.push(`at ${number(last.value)} the load could not be issued as planned: ${last.reason ?? ""}`);
  if (answer) said.push([`The ${p.which} ${input} at which all goals hold: `, h("b", {}, number(p.answer)), p.outcome === "found" ? "." : p.outcome === "at the end" ? ", the end of the range: the limit lies beyond it." : "; what lies beyond could not be judged."]);
  if (miss) said.push(["What breaks first: ", h("b", {}, miss.goal), miss.circumstance === "as it stands" ? "" : `, ${miss.circumstance}`, answer ? `: ${estimateText(miss.at_answer)} there, ${estimateText(miss.beyond)} at ${number(last.value)}.` : `: ${estimateText(miss.beyond)} at ${number(p.order[0])}.`]);
  if (p.reversals.length) said.push([`Not one limit but several: the goals are not met ${p.which === "largest" ? "below" : "above"} the answer, at ${p.reversals.map(number).join(", ")}.`]);
  into.append(head(`Plan · ${how} · seed ${p.seed} · confidence ${100 * p.confidence} % · ${p.file} · crest-sim ${p.version}`, p.scenario, endings[p.outcome], null, bad, said),
    h("dl", {class: "tiles"}, tile("Answer", answer ? number(p.answer) : "–", input), tile("Next value", p.beyond === null ? "–" : number(p.beyond), p.beyond === null ? "" : last.outcome), tile("Asked about", `${number(p.from)} to ${number(p.to)}`, `within ${p.within} of each other`), tile("Values tried", number(p.values.length)), tile("Runs", number(p.values.reduce((sum, v) => sum + v.runs, 0)))));
  const shown = answer ?? last;
  if (shown.goals.length) into.append(section("goals", answer ? "Goals, and the head-room of the answer" : `Goals at ${number(shown.value)}`, goalTable(shown)));
  const curves = section("curves", `Goals against ${input}`);
  into.append(curves);
  const goals = goalsOf(p.values), first = (g) => (miss && g.name.startsWith(miss.goal) ? 0 : 1);
  for (const goal of goals.sort((a, b) => first(a) - first(b))) goalChart(curves, p, goal);
  into.append(section("values", "Values tried", table("Values tried", [numeric(input), "outcome", numeric("runs"), "why"],
    p.values.map((v) => [number(v.value), verdictMark(v.outcome, outcomeKind[v.outcome]), v.runs, v.reason ?? ""]))));
}
