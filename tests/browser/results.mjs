// The results whose pages are looked at. Simulated, so that they are the same everywhere: {page, expected}, where
// `expected` has for each chart's title the values of its first series, read from the result's own files and not from the
// page.
import {execFileSync} from "node:child_process";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

const sim = (...args) => {
  try {
    execFileSync(process.env.CREST_SIM, args, {stdio: "pipe"});
  } catch (error) {
    if (error.status !== 99) throw new Error(`crest-sim ${args.join(" ")}: ${error.stderr}`);
  }
};

const simulated = (out, scenario, ...more) => sim("run", `scenarios/${scenario}.json`, "--engine", "virtual", "--quiet", "--out", out, ...more);

/// Rows of a CSV file without quotes.
function rowsOf(file) {
  const [head, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, n) => [name, cells[n]])));
}

function expectedOfRun(out) {
  const all = rowsOf(join(out, "timeseries.csv")).filter((row) => row.balancer === "all");
  const summary = JSON.parse(readFileSync(join(out, "summary.json")));
  const column = (name) => all.map((row) => Number(row[name]));
  return {
    "Redirect ratio": column("redirect_ratio"), "Failed requests": column("failed"), Latency: column("latency_ms_p99"),
    Requests: all.map((row) => Number(row.requests) / (Math.min(Number(row.to_s), summary.duration_s) - Number(row.from_s))), // the last slice ends with the load
    "Latency by percentile": summary.metrics.latency_ms.percentiles.map(([, ms]) => ms),
  };
}

export function proxyDies(scratch) {
  const out = join(scratch, "run");
  simulated(out, "proxy-dies", "--set", "thresholds={\"failed_requests\": [\"==0\"]}");
  return {page: join(out, "report.html"), expected: expectedOfRun(out)};
}

/// Groups of balancers that are not the kinds: two of one kind.
export function groupedRun(scratch) {
  const out = join(scratch, "groups");
  simulated(out, "quickstart", "--set", "thresholds={}", "--set",
    'topology.balancers=[{"kind": "gateway", "name": "edge"}, {"kind": "gateway", "name": "core", "token_map": "off"}]');
  const {groups} = JSON.parse(readFileSync(join(out, "summary.json")));
  return {page: join(out, "report.html"), expected: expectedOfRun(out),
    sets: Object.entries(groups).map(([name, g]) => [`group ${name} (gateway)`, g.metrics.requests.value])};
}

export const hostileName = "</script><script>globalThis.struck=1</script><img src=x onerror=\"globalThis.struck=1\"><!--";

export function hostileRun(scratch) {
  const out = join(scratch, "hostile");
  simulated(out, "quickstart", "--set", `name=${JSON.stringify(hostileName)}`);
  return {page: join(out, "report.html")};
}

/// A table of 1,000 points, 50 by 20, made here: running them would take minutes.
export function wideSweep(scratch) {
  const out = join(scratch, "sweep"), axes = ["load.requests_per_character", "topology.balancers.count"];
  mkdirSync(out);
  const metrics = ["redirect_ratio", "redirect_ratio_numerator", "redirect_ratio_denominator", "redirect_ratio_theory", "failed_requests", "requests", "requests_per_second", "latency_ms_p50", "latency_ms_p99", ...Array.from({length: 120}, (_, n) => `hops{phase:p${n}}`)];
  const lines = [["point", "replication", ...axes, "seed", "verdict", ...metrics, "reasons"]], first = [];
  for (let x = 1; x <= 50; ++x)
    for (let b = 1; b <= 20; ++b) {
      const ratio = ((b / (b + 3)) * 5) / (x + 4);
      if (b === 1) first.push(ratio);
      const failed = x * b === 1000;
      lines.push([lines.length - 1, 0, x, b, 7, failed ? "failed" : "passed", ratio, Math.round(ratio * 1e4), 1e4, ratio * 1.01, failed ? 3 : 0, 1e4, 2000, 0.5 + b / 10, 2 + x / 10, ...Array.from({length: 120}, (_, n) => n * x + b), failed ? "threshold failed_requests ==0: found 3" : ""]);
    }
  writeFileSync(join(out, "sweep.csv"), lines.map((line) => line.join(",") + "\n").join(""));
  writeFileSync(join(out, "sweep.json"), JSON.stringify({format: 1, scenario: "wide", file: "wide.json", engine: "virtual", replications: 1, axes, trials: []}));
  sim("report", out);
  return {page: join(out, "report.html"), expected: {redirect_ratio: first}, trials: 1000};
}

export function planned(scratch) {
  const out = join(scratch, "plan");
  sim("plan", "scenarios/plans/crest-tier.json", "--quiet", "--out", out);
  const text = readFileSync(join(out, "candidates.csv"), "utf8").trimEnd().split("\n").length - 1;
  return {page: join(out, "report.html"), expected: {}, candidates: text};
}

/// A plan that looks for a value: its charts show the goals' means, as limit.csv has them.
export function limited(scratch) {
  const out = join(scratch, "limit");
  sim("plan", "scenarios/plans/highest-rate.json", "--quiet", "--out", out);
  const rows = rowsOf(join(out, "limit.csv")), goals = [...new Set(rows.map((row) => row.goal))];
  return {page: join(out, "report.html"), expected: Object.fromEntries(goals.map((goal) => [goal, rows.filter((row) => row.goal === goal).map((row) => Number(row.mean))]))};
}

export function comparison(scratch) {
  const out = join(scratch, "comparison"), base = join(scratch, "base"), now = join(scratch, "now");
  simulated(base, "proxy-dies");
  simulated(now, "proxy-dies", "--seed", "11");
  sim("compare", base, now, "--out", out);
  return {page: join(out, "report.html"), expected: expectedOfRun(now)};
}
