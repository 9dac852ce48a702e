// Who sent what to whom: clients, balancers, proxies and sols from left to right, arrows as wide as what went along them.

const mostNodes = 8; // of a column; the busiest are drawn, the others are one node together

const nodeKind = (name) => (name === "clients" ? "clients" : name.startsWith("proxy[") ? "proxies" : name.startsWith("sol[") ? "sols" : "balancers");

/// The flows of a summary; without measured ones, those that the balancers' metrics give.
function flowsOf(summary) {
  const measured = summary.topology?.flows ?? [];
  if (measured.length) return measured;
  return Object.entries(summary.balancers).map(([name, b]) => ({
    from: "clients", to: name, requests: b.metrics.requests?.value ?? 0, redirects: b.metrics.redirects?.value ?? 0, failures: b.metrics.failed_requests?.value ?? 0,
  }));
}

/// Columns of nodes {name, of: names that it stands for}: all of them, or the busiest and one for the others.
function columnsOf(summary, flows) {
  const numbered = (kind, n) => Array.from({length: Math.min(n ?? 0, 100000)}, (_, i) => `${kind}[${i}]`);
  const broken = new Set(summary.events.map((e) => e.node));
  const weight = new Map();
  for (const f of flows) for (const end of [f.from, f.to]) weight.set(end, (weight.get(end) ?? 0) + f.requests + 1000 * f.failures);
  return [["clients"], Object.keys(summary.balancers), numbered("proxy", summary.topology?.proxies), numbered("sol", summary.topology?.sols)].map((names) => {
    if (names.length <= mostNodes) return names.map((name) => ({name, of: [name]}));
    const rank = (name) => (broken.has(name) ? 1e15 : 0) + (weight.get(name) ?? 0);
    const kept = new Set([...names].sort((a, b) => rank(b) - rank(a)).slice(0, mostNodes - 1));
    const others = names.filter((name) => !kept.has(name));
    return [...names.filter((name) => kept.has(name)).map((name) => ({name, of: [name]})), {name: `${number(others.length)} more`, of: others, many: true}];
  });
}

/// Flows between drawn nodes, added up.
function drawnFlows(columns, flows) {
  const node = new Map(columns.flat().flatMap((n) => n.of.map((name) => [name, n])));
  const sums = new Map();
  for (const f of flows) {
    const from = node.get(f.from), to = node.get(f.to);
    if (!from || !to) continue;
    if (!sums.has(from)) sums.set(from, new Map());
    const row = sums.get(from);
    const sum = row.get(to) ?? {from, to, requests: 0, redirects: 0, failures: 0};
    sum.requests += f.requests, sum.redirects += f.redirects, sum.failures += f.failures;
    row.set(to, sum);
  }
  return [...sums.values()].flatMap((row) => [...row.values()]);
}

const box = {width: 152, height: 46, gap: 12, across: 290, top: 34};

function placeNodes(columns) {
  const tallest = Math.max(...columns.map((c) => c.length));
  const height = tallest * (box.height + box.gap) - box.gap;
  columns.forEach((column, n) => column.forEach((node, i) => {
    const used = column.length * (box.height + box.gap) - box.gap;
    node.x = 1 + n * box.across;
    node.y = box.top + (height - used) / 2 + i * (box.height + box.gap);
  }));
  return {width: 2 + (columns.length - 1) * box.across + box.width, height: box.top + height + 6};
}

/// Where each arrow leaves and arrives: the arrows of a node below each other, in the order of their other ends.
function placeArrows(flows) {
  for (const end of ["from", "to"]) {
    const other = end === "from" ? "to" : "from";
    const groups = Map.groupBy ? Map.groupBy(flows, (f) => f[end]) : flows.reduce((m, f) => m.set(f[end], [...(m.get(f[end]) ?? []), f]), new Map());
    for (const [node, group] of groups)
      group.sort((a, b) => a[other].y - b[other].y).forEach((f, i) => {
        f[end + "Y"] = node.y + (box.height * (i + 1)) / (group.length + 1);
        f[end + "Among"] = group.length;
      });
  }
}

function describeFlow(f, sessions) {
  const what = sessions ? "sessions granted and requests applied" : "requests";
  const parts = [`${number(f.requests)} ${what}`];
  if (f.redirects) parts.push(count(f.redirects, "redirect"));
  if (f.failures) parts.push(`${number(f.failures)} failed`);
  return `${f.from.name} to ${f.to.name}: ${parts.join(", ")}`;
}

function arrow(f, most) {
  const x1 = f.from.x + box.width, x2 = f.to.x - 7, bend = (x2 - x1) / 2;
  const path = `M${x1},${f.fromY}C${x1 + bend},${f.fromY} ${x2 - bend},${f.toY} ${x2},${f.toY}`;
  const wide = (n, least) => Math.max(least, (11 * n) / most).toFixed(1);
  const tip = `M${x2},${f.toY - 4}l7,4l-7,4z`;
  const failed = f.failures > 0;
  return svg("g", {class: "arrow" + (failed ? " failed" : "")}, svg("title", {}, describeFlow(f, nodeKind(f.to.of[0]) === "sols")),
    svg("path", {d: path, class: "requests", "stroke-width": wide(f.requests, 1)}),
    f.redirects ? svg("path", {d: path, class: "redirects", "stroke-width": wide(f.redirects, 1)}) : null,
    failed ? svg("path", {d: path, class: "failures", "stroke-width": wide(f.failures, 1.6)}) : null,
    svg("path", {d: tip, class: "tip"}));
}

/// Numbers on an arrow, where arrows are few enough to tell whose they are.
function arrowLabel(f, among) {
  if (among > 9 || f.toAmong > 2) return null;
  const many = among > 4; // then near their ends, where arrows part
  const x = many ? f.to.x - 12 : (f.from.x + box.width + f.to.x) / 2, y = (many ? f.toY : (f.fromY + f.toY) / 2) - 4;
  return svg("text", {x, y, class: "flow", "text-anchor": many ? "end" : "middle"}, svg("tspan", {}, number(f.requests)),
    f.redirects ? svg("tspan", {class: "redirects", dx: 5}, `↪ ${number(f.redirects)}`) : null,
    f.failures ? svg("tspan", {class: "failures", dx: 5}, `✕ ${number(f.failures)}`) : null);
}

const shortEvent = {kill: "killed", restart: "restarted", "add_balancer": "joined", partition: "parted", "move_sessions": "sessions moved"};

function nodeBox(node, summary, flows) {
  const into = flows.filter((f) => f.to === node), out = flows.filter((f) => f.from === node);
  const sum = (list, what) => list.reduce((n, f) => n + f[what], 0);
  const own = into.length ? into : out;
  const failures = sum(own, "failures");
  const struck = summary.events.filter((e) => node.of.includes(e.node) || (e.kind === "add_balancer" && e.node.split(/, ?/).includes(node.name)));
  const last = struck.at(-1), gone = last?.kind === "kill"; // those that came back are not
  const second = last
    ? `${shortEvent[last.kind] ?? last.kind} at ${seconds(last.at_s)}${struck.length > 1 ? `, +${struck.length - 1}` : ""}`
    : own.length ? `${number(sum(own, "requests"))}${failures ? `, ${number(failures)} failed` : ""}` : "";
  const kind = summary.balancers[node.name]?.kind;
  return svg("g", {class: "node " + (gone ? "gone" : failures ? "hurt" : ""), transform: `translate(${node.x},${node.y})`},
    svg("rect", {width: box.width, height: box.height, rx: 6}),
    svg("text", {x: 10, y: 19, class: "name"}, node.name.length > 20 ? node.name.slice(0, 19) + "…" : node.name, svg("title", {}, node.name)),
    svg("text", {x: 10, y: 35, class: "says"}, (gone ? "✕ " : "") + second || (kind && !node.name.startsWith(kind) ? kind : "")));
}

/// The drawing, its key and its table.
function topologyFigure(summary) {
  const all = flowsOf(summary), columns = columnsOf(summary, all).filter((c) => c.length);
  const flows = drawnFlows(columns, all), size = placeNodes(columns);
  placeArrows(flows);
  const most = Math.max(1, ...flows.filter((f) => nodeKind(f.to.of[0]) !== "sols").map((f) => f.requests));
  const mostSols = Math.max(1, ...flows.filter((f) => nodeKind(f.to.of[0]) === "sols").map((f) => f.requests));
  const among = (f) => flows.filter((g) => nodeKind(g.to.of[0]) === nodeKind(f.to.of[0])).length;
  flows.sort((a, b) => a.failures - b.failures);
  const drawing = svg("svg", {viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: "img", class: "topology", style: `min-width:${Math.min(size.width, 760)}px`, "aria-label": topologyWords(summary, all)},
    columns.map((c) => svg("text", {x: c[0].x, y: 16, class: "column"}, `${nodeKind(c[0].of[0])}${c.length > 1 || c[0].many ? " · " + number(c.reduce((n, x) => n + x.of.length, 0)) : ""}`)),
    flows.map((f) => arrow(f, nodeKind(f.to.of[0]) === "sols" ? 2.4 * mostSols : most)), columns.flat().map((n) => nodeBox(n, summary, flows)), flows.map((f) => arrowLabel(f, among(f))));
  const key = h("p", {class: "key"}, h("i", {class: "swatch", style: "--c:var(--flow)"}), "requests", h("i", {class: "swatch", style: "--c:var(--warn)"}), "↪ redirects", h("i", {class: "swatch", style: "--c:var(--bad)"}), "✕ failures",
    (summary.topology?.flows ?? []).length ? null : h("span", {}, " · single hops were not kept, so only what clients sent is counted"));
  return h("figure", {class: "flows"}, h("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Topology"}, drawing), key,
    foldedTable("Table", () => table("Flows", ["from", "to", numeric("requests"), numeric("redirects"), numeric("failures")], all.map((f) => [f.from, f.to, f.requests, f.redirects, f.failures]))));
}

function topologyWords(summary, flows) {
  const failed = flows.filter((f) => f.failures > 0).sort((a, b) => b.failures - a.failures)[0];
  return `Clients, ${count(Object.keys(summary.balancers).length, "balancer")}, ${count(summary.topology?.proxies ?? 0, "proxy", "proxies")}, ${count(summary.topology?.sols ?? 0, "sol")}.` +
    (failed ? ` Most failures: ${failed.from} to ${failed.to}, ${number(failed.failures)}.` : "");
}
