// Which report this is, and what the browser's events do to it.

const shows = {run: showRun, sweep: showSweep, plan: showPlan, limit: showLimit, comparison: showComparison};
const shown = document.getElementById("report");
report.live ? watchRun(shown) : shows[report.of](shown);
document.getElementById("made").textContent = "Made by crest-sim from " + (report.live ? "a run that goes on" : Object.keys(report.files).join(", ") + ", whose text is in this file") + ". Drag over a chart to look closer; a double click shows all again.";

let redrawing = 0;
let lastWidth = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === lastWidth) return;
  lastWidth = innerWidth;
  cancelAnimationFrame(redrawing);
  redrawing = requestAnimationFrame(() => redrawCharts());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redrawCharts());

// Paper is white and narrow: charts are drawn for it, and tables that are open stay open.
const paper = 680;
matchMedia("print").addEventListener("change", (event) => redrawCharts(event.matches ? paper : undefined));
