// What happened, in sentences: when requests failed, what had struck just before, why, and where. All from the result; what
// it does not hold is not said.

/// The stretch of time in which requests failed: {from, to, failed, peak}; null when none did.
function failureSpan(slices) {
  const bad = slices.filter((s) => s.failed > 0);
  if (!bad.length) return null;
  const peak = bad.reduce((a, b) => (b.failed > a.failed ? b : a));
  return {from: bad[0].from_s, to: bad.at(-1).to_s, failed: bad.reduce((n, s) => n + s.failed, 0), peak};
}

/// The last event that began before the slice in which most failed was over, and not after the first failures were.
const eventBefore = (events, span) => events.filter((e) => e.at_s < span.peak.to_s).at(-1) ?? null;

function story(summary, slices) {
  const said = [], failed = summary.metrics.failed_requests?.value ?? 0, requests = summary.metrics.requests?.value ?? 0;
  if (failed > 0) said.push(...failureStory(summary, slices, failed, requests));
  for (const m of logLines(summary).slice(0, 1)) said.push([h("b", {}, m.name), " itself says: ", h("code", {}, m.text), m.count > 1 ? ` (${number(m.count)} times)` : ""]);
  for (const i of summary.invariants.filter((x) => !x.passed))
    said.push([h("b", {}, i.name), ` is broken ${number(i.violations)} times of ${number(i.checked)}`, i.examples.length ? [": ", h("code", {}, i.examples[0])] : ""]);
  for (const text of summary.differences ?? []) said.push([text]);
  for (const [n, attempt] of (summary.attempts?.invalid ?? []).entries()) said.push([h("b", {}, `Attempt ${n + 1} was invalid: `), attempt.reasons.join("; ")]);
  for (const text of summary.next_steps ?? []) said.push([h("b", {}, "What to do next: "), text]);
  return said;
}

/// [cause, count] of failed requests, statuses by their numbers; empty where the result has no causes.
function causesOf(metrics) {
  const some = (label) => byLabel(metrics, "failed_requests", label).filter(([, m]) => m.value > 0).map(([name, m]) => [name.replaceAll("_", " "), m.value]);
  const statuses = some("status").map(([status, n]) => ["status " + status, n]);
  return [...(statuses.length ? statuses : []), ...some("cause").filter(([cause]) => cause !== "status" || !statuses.length)].sort((a, b) => b[1] - a[1]);
}

/// What balancers with failures said themselves, the most frequent first.
const logLines = (summary) => Object.entries(summary.balancers).flatMap(([name, b]) => (b.log ?? []).map((m) => ({name, ...m}))).sort((a, b) => b.count - a.count);

function failureStory(summary, slices, failed, requests) {
  const said = [], span = failureSpan(slices);
  const causes = causesOf(summary.metrics);
  const why = causes.length ? [": ", causes.slice(0, 4).map(([c, n], i) => [i ? ", " : "", h("b", {}, c), ` ${number(n)}`])] : "";
  const when = span ? [`, between ${seconds(span.from)} and ${seconds(span.to)}, most at ${seconds(span.peak.from_s)} (${number(span.peak.failed)} of ${number(span.peak.requests)})`] : "";
  said.push([h("b", {}, `${count(failed, "request")} of ${number(requests)} failed`), ` (${percent(failed / requests)})`, when, why, "."]);
  const where = Object.entries(summary.balancers).map(([name, b]) => [name, b.metrics.failed_requests?.value ?? 0]).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  if (where.length && Object.keys(summary.balancers).length > 1) said.push(["They were sent to ", where.slice(0, 4).map(([name, n], i) => [i ? ", " : "", h("b", {}, name), ` ${number(n)}`]), where.length > 4 ? " and others" : "", "."]);
  const event = span && eventBefore(summary.events, span);
  if (event) said.push(["Just before, at ", h("b", {}, seconds(event.at_s)), ": ", h("b", {}, event.name), event.detail && !event.name.includes(event.detail) ? ` (${event.detail})` : "", "."]);
  const hops = (summary.topology?.flows ?? []).filter((f) => f.failures > 0 && nodeKind(f.to) === "proxies");
  const nodes = new Map();
  for (const f of hops) nodes.set(f.to, (nodes.get(f.to) ?? 0) + f.failures);
  const worst = [...nodes].sort((a, b) => b[1] - a[1]);
  if (worst.length) {
    const all = worst.reduce((n, [, k]) => n + k, 0);
    said.push([`Hops that got no answer of use: ${number(all)}, `, worst.slice(0, 3).map(([name, n], i) => [i ? ", " : "", h("b", {}, name), ` ${number(n)}`]), worst.length > 3 ? " and others" : "", "."]);
  }
  return said;
}
