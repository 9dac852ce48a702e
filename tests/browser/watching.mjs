// A live run under `crest-sim run --watch`, as somebody sees it who strikes a node by hand.
import {spawn} from "node:child_process";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

const scenario = {
  name: "watched", seed: 7,
  topology: {balancers: {kind: "gateway", count: 2}, proxies: {count: 3}, sols: {count: 1}},
  population: {characters: 200, logged_in: 1},
  load: {kind: "constant_rate", rate_rps: 150, duration: "120s", max_schedule_lag: "60s"},
};

/// Starts it: {url, out, end(): the exit code}. Ended by its own signal, or killed.
async function start(scratch) {
  const file = join(scratch, "watched.json"), out = join(scratch, "watched");
  writeFileSync(file, JSON.stringify(scenario));
  const run = spawn(process.env.CREST_SIM, ["run", file, "--watch", "--quiet", "--out", out], {stdio: ["ignore", "ignore", "pipe"]});
  const over = new Promise((done) => run.on("exit", done));
  const url = await new Promise((found, failed) => {
    let said = "";
    run.stderr.on("data", (text) => {
      said += text;
      const at = /watch at (\S+)/.exec(said);
      if (at) found(at[1]);
    });
    run.on("exit", () => failed(new Error(`crest-sim ended: ${said}`)));
  });
  return {url, out, end: () => (run.kill("SIGTERM"), over), kill: () => run.kill("SIGKILL")};
}

function expect(condition, what) {
  if (!condition) throw new Error(what);
}

async function look(page, axe) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wider <= 0, `it is ${wider} pixels wider than the window`);
  await page.evaluate(readFileSync(join(axe, "axe.min.js"), "utf8"));
  const found = await page.evaluate(() => axe.run(document, {resultTypes: ["violations"]}));
  const serious = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  expect(!serious.length, serious.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`).join("; "));
}

export async function checkWatching(browser, scratch, axe, {theme, width}, picture) {
  const run = await start(scratch);
  try {
    const page = await browser.newPage({viewport: {width, height: 900}, colorScheme: theme});
    const complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(run.url);
    await page.waitForFunction(() => crestCharts.length >= 4 && document.querySelector("#watch fieldset")?.disabled === false);
    expect((await page.textContent("h1")).includes("running"), "a run that goes on is not called running");
    // What the reader opened and where he was stay, and what was found grows.
    await page.evaluate(() => {
      document.querySelector("#topology details").open = true;
      scrollTo(0, 700);
    });
    const reaches = () => page.evaluate(() => crestCharts[0].spec.xs.at(-1));
    const before = await reaches();
    await page.waitForFunction((s) => crestCharts[0].spec.xs.at(-1) > s, before);
    expect(await page.evaluate(() => document.querySelector("#topology details").open && document.querySelector("#topology details table")), "a table that was open is closed");
    expect((await page.evaluate(() => scrollY)) === 700, "the page has moved under its reader");
    // A node of the drawing is chosen by a click, and struck.
    await page.evaluate(() => [...document.querySelectorAll(".topology .node")].find((n) => n.textContent.includes("proxy[1]")).dispatchEvent(new MouseEvent("click", {bubbles: true})));
    expect((await page.inputValue("#watch-node")) === "proxy[1]", "a click on a node does not choose it");
    await page.click("text=Kill >> nth=0");
    await page.waitForFunction(() => document.querySelector(".struck")?.textContent.includes("kill proxy[1], by hand (killed proxy[1])"));
    await page.waitForFunction(() => document.querySelector("#watch-node").selectedOptions[0].textContent === "proxy[1], stopped");
    expect(await page.isDisabled("text=Kill >> nth=0"), "a node that is stopped can be killed");
    await page.waitForFunction(() => document.querySelector(".topology .gone .name")?.textContent.includes("proxy[1]"));
    await page.click("text=Start");
    await page.waitForFunction(() => document.querySelector(".struck").textContent.includes("started proxy[1]"));
    await page.waitForFunction(() => !document.querySelector(".topology .gone"));
    await page.fill("#watch input[type=number]", "30");
    await page.click("text=Move sessions");
    await page.waitForFunction(() => document.querySelector(".struck").textContent.includes("move sessions, by hand"));
    await page.waitForFunction(() => document.querySelector("#time table")?.textContent.includes("move sessions, by hand"));
    await look(page, axe);
    if (picture) await page.screenshot({path: picture, fullPage: true});
    // Held still, it does not change.
    await page.check("text=hold the report still");
    const held = await reaches();
    const done = () => page.evaluate(() => Number(/([\d,]+) done/.exec(document.querySelector("#watch").textContent)[1].replaceAll(",", "")));
    const so_far = await done();
    await page.waitForFunction((n) => Number(/([\d,]+) done/.exec(document.querySelector("#watch").textContent)[1].replaceAll(",", "")) > n + 300, so_far);
    expect((await reaches()) === held, "the report moves although it is held still");
    const code = await run.end();
    expect(code === 130, `exit code ${code}`);
    await page.waitForFunction(() => document.querySelector("#watch").textContent.includes("Over: interrupted"));
    expect((await page.textContent("#watch")).includes(run.out), "the page does not say where the report is");
    expect((await page.textContent("h1")).includes("interrupted"), "the report is not the last one");
    const shown = await page.evaluate(() => report.files["summary.json"].events.map((e) => e.name));
    const written = JSON.parse(readFileSync(join(run.out, "summary.json"))).events.map((e) => e.name);
    expect(JSON.stringify(shown) === JSON.stringify(written) && shown.length === 3, `events ${shown}; in the report ${written}`);
    await look(page, axe);
    expect(!complaints.length, "the console has " + complaints.join("; "));
    await page.close();
    return `${written.length} events by hand, held at ${held} s`;
  } finally {
    run.kill();
  }
}
