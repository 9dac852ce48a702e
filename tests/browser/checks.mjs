// What is asked of each page.
import {readFileSync, statSync} from "node:fs";
import {join} from "node:path";

/// Opens a page, and notes all that it complains of and asks the network for.
export async function openPage(browser, file, {theme, width}) {
  const page = await browser.newPage({viewport: {width, height: 900}, colorScheme: theme});
  const complaints = [], asked = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => !request.url().startsWith("data:") && asked.push(request.url()));
  const start = performance.now();
  await page.goto("file://" + file);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return {page, file, complaints, asked, ms: performance.now() - start};
}

export async function checkPage({page, file, complaints, asked, ms}, axe) {
  if (complaints.length) throw new Error("the console has " + complaints.join("; "));
  if (asked.length !== 1) throw new Error("it asked for " + asked.join(", "));
  const size = statSync(file).size;
  if (size > 1e6 && !file.includes("sweep")) throw new Error(`${size} bytes; allowed: a megabyte`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wider > 0) throw new Error(`it is ${wider} pixels wider than the window`);
  await page.evaluate(readFileSync(join(axe, "axe.min.js"), "utf8"));
  const found = await page.evaluate(() => axe.run(document, {resultTypes: ["violations"]}));
  const serious = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  if (serious.length) throw new Error(serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`).join("; "));
  const lesser = found.violations.map((v) => v.id);
  return `open after ${Math.round(ms)} ms, ${Math.round(size / 1000)} kB${lesser.length ? ", axe, not serious: " + lesser.join(", ") : ""}`;
}

/// The values that a chart was given are those of the result, its table has as many rows, and something is drawn.
export async function checkCharts(page, result) {
  const charts = await page.evaluate(() => crestCharts.map((c, n) => ({
    title: c.spec.title, xs: c.spec.xs.length, points: c.spec.series.map((s) => s.values.filter((v) => v !== null)),
    given: c.plot.data.map((d) => d.length), n,
    drawn: (() => { const canvas = c.figure.querySelector("canvas"); return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0); })(),
  })));
  if (!charts.length) throw new Error("it has no chart");
  for (const [title, values] of Object.entries(result.expected)) {
    const chart = charts.find((c) => c.title === title);
    if (!chart) throw new Error(`no chart ${title}`);
    const apart = values.findIndex((v, n) => !(Math.abs(v - chart.points[0][n]) <= 1e-9 * Math.max(1, Math.abs(v))));
    if (apart >= 0 || chart.points[0].length !== values.length) throw new Error(`${title}: point ${apart}: ${chart.points[0].length} points, ${values.length} in the result`);
  }
  if (result.candidates) {
    const points = charts.find((c) => c.title === "Candidates by price").points.flat().length;
    if (points !== result.candidates) throw new Error(`${points} candidates drawn of ${result.candidates}`);
  }
  for (const chart of charts) {
    if (!chart.drawn) throw new Error(`${chart.title}: nothing is drawn`);
    if (chart.given.some((n) => n !== chart.xs)) throw new Error(`${chart.title}: columns of ${chart.given}`);
    const rows = await page.evaluate((n) => {
      const details = crestCharts[n].figure.querySelector("details");
      details.open = true;
      return new Promise((done) => setTimeout(() => done(details.querySelectorAll("tbody tr").length)));
    }, chart.n);
    if (rows !== chart.xs) throw new Error(`${chart.title}: a table of ${rows} rows for ${chart.xs} points`);
  }
  if (result.sets) {
    const table = page.locator("table", {has: page.locator("caption", {hasText: /^Groups and kinds of balancers$/})});
    const rows = await table.locator("tbody tr").evaluateAll((all) => all.map((row) => [row.cells[0].textContent, Number(row.cells[1].textContent.replace(/\D/g, ""))]));
    if (JSON.stringify(rows) !== JSON.stringify(result.sets)) throw new Error(`groups of balancers: ${JSON.stringify(rows)}, in the result ${JSON.stringify(result.sets)}`);
  }
  if (result.trials) {
    await page.click("#points details summary");
    const rows = await page.locator("#points details tbody tr").count();
    if (rows !== result.trials) throw new Error(`${rows} trials in the table, ${result.trials} in the sweep`);
    const cells = await page.locator(".heat tbody td").count();
    if (cells !== result.trials) throw new Error(`${cells} cells of the heat map for ${result.trials} points`);
  }
  return `${charts.length} charts, ${charts.reduce((n, c) => n + c.points.flat().length, 0)} points`;
}

/// A logarithmic axis has an end wherever it begins, and at least two numbers, none on another: here from 300 places of each
/// of three powers of ten, over little and over much.
export async function checkLogarithmicAxes(page) {
  const wrong = await page.evaluate(async () => {
    const into = document.getElementById("report"), found = [];
    for (let place = 0; place < 300; ++place)
      for (const [scale, power] of [["y", -4], ["y", -1], ["x", 0]]) {
        const low = 10 ** (power + place / 300), to = [1, 1.001, 1.3, 4, 9, 30, 1e3, 1e6][place % 8] * low, straight = {label: "n"}, log = {label: "v", log: true};
        const ends = [low, (low + to) / 2, to], values = scale === "y" ? ends : [1, 2, 3], xs = scale === "x" ? ends : [1, 2, 3];
        const one = chart(into, {title: "axis", height: 120, xs, x: scale === "x" ? log : straight, y: scale === "y" ? log : straight, series: [{label: "v", values, colour: "s1"}]});
        await null; // uPlot draws in a microtask
        const axis = one.plot.axes[scale === "x" ? 0 : 1], numbers = axis._values.filter(Boolean);
        const places = axis._splits.filter((_, n) => axis._values[n]).map((v) => one.plot.valToPos(v, scale)).sort((a, b) => a - b);
        if (numbers.length < 2 || new Set(numbers).size < numbers.length || places.some((p, n) => n && p - places[n - 1] < 12)) found.push(`${scale} from ${low} to ${to}: ${numbers}`);
        dropCharts(one.figure);
        one.figure.remove();
      }
    return found;
  });
  if (wrong.length) throw new Error(`${wrong.length} axes: ${wrong.slice(0, 3).join("; ")}`);
}

export async function checkKeyboard(page) {
  await page.locator(".plot").first().focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  const said = await page.evaluate(() => crestCharts[0].figure.querySelector("[aria-live]").textContent);
  if (!/\d/.test(said)) throw new Error(`the cursor says '${said}'`);
  const legend = page.locator(".legend button").first();
  await legend.focus();
  await page.keyboard.press("Enter");
  if ((await legend.getAttribute("aria-pressed")) !== "false") throw new Error("Enter does not hide a series");
  await page.keyboard.press("Enter");
  return said;
}

export async function checkPrint(page) {
  const pdf = await page.pdf({format: "A4"});
  const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  if (pages < 1) throw new Error("no page");
  return `${pages} pages, ${Math.round(pdf.length / 1000)} kB`;
}
