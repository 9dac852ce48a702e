// What a time axis shows beside its curves: phases as bands behind them, events as lines over them.

/// Marks of a summary: {phases: [{name, from, to}], events: [{name, at, number}], named: whether names are written}.
function marksOf(summary, named) {
  const phases = Object.entries(summary.phases).map(([name, p]) => ({name, from: p.from_s, to: p.to_s}));
  return {
    named,
    phases: phases.length > 1 ? phases.filter((p) => Number.isFinite(p.from) && p.to > p.from) : [],
    events: summary.events.map((e, n) => ({name: e.name, at: e.at_s, number: n + 1})),
  };
}

/// Where a second is, kept within the plot.
const placeOf = (u, s) => Math.min(u.bbox.left + u.bbox.width, Math.max(u.bbox.left, u.valToPos(s, "x", true)));

function drawPhases(u, marks) {
  if (!marks) return;
  const {ctx, bbox} = u, x = (s) => placeOf(u, s);
  ctx.save();
  marks.phases.forEach((p, n) => {
    if (n % 2 === 0) return;
    ctx.fillStyle = colour("band");
    ctx.fillRect(x(p.from), bbox.top, x(p.to) - x(p.from), bbox.height);
  });
  ctx.restore();
}

function drawEvents(u, marks) {
  if (!marks) return;
  const {ctx, bbox} = u, dpr = devicePixelRatio, x = (s) => placeOf(u, s);
  ctx.save();
  ctx.strokeStyle = colour("event");
  ctx.lineWidth = dpr;
  ctx.setLineDash([4 * dpr, 3 * dpr]);
  for (const e of marks.events) {
    ctx.beginPath();
    ctx.moveTo(x(e.at), bbox.top - (marks.named ? 4 * dpr : 0));
    ctx.lineTo(x(e.at), bbox.top + bbox.height);
    ctx.stroke();
  }
  if (marks.named) writeNames(u, marks, x);
  ctx.restore();
}

/// Names above the plot, of events first; where one does not fit beside the others, an event has its number alone, and a
/// phase nothing: both are in tables of the page.
function writeNames(u, marks, x) {
  const {ctx, bbox} = u, dpr = devicePixelRatio;
  ctx.font = fontOf(11 * dpr);
  ctx.textBaseline = "bottom";
  const taken = [];
  const write = (text, at, align, fill) => {
    const width = ctx.measureText(text).width;
    const left = Math.max(bbox.left, Math.min(bbox.left + bbox.width - width, align === "center" ? at - width / 2 : at));
    if (taken.some(([a, b]) => left < b + 6 * dpr && left + width > a - 6 * dpr)) return false;
    taken.push([left, left + width]);
    ctx.fillStyle = fill;
    ctx.textAlign = "left";
    ctx.fillText(text, left, bbox.top - 4 * dpr);
    return true;
  };
  for (const e of marks.events) write(e.name, x(e.at), "center", colour("event-text")) || write(String(e.number), x(e.at), "center", colour("event-text"));
  for (const p of marks.phases) {
    const from = x(p.from) + 4 * dpr, beside = taken.find(([a, b]) => from >= a - 6 * dpr && from < b);
    const at = beside ? beside[1] + 10 * dpr : from;
    if (at + ctx.measureText(p.name).width <= x(p.to)) write(p.name, at, "left", colour("muted"));
  }
}
