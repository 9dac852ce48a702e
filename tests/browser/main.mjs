// Opens reports as a reader does, in headless Chromium, and looks at what is there. Prints a line a check; exit code 1 when
// one fails. Needs CREST_SIM, PLAYWRIGHT and AXE (tools/browser-test sets them).
import {mkdirSync, mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createRequire} from "node:module";

import {checkCharts, checkKeyboard, checkLogarithmicAxes, checkPage, checkPrint, openPage} from "./checks.mjs";
import {checkWatching} from "./watching.mjs";
import {comparison, groupedRun, hostileName, hostileRun, limited, planned, proxyDies, wideSweep} from "./results.mjs";

const {chromium} = createRequire(import.meta.url)(process.env.PLAYWRIGHT);
const pictures = process.argv[2];
if (pictures) mkdirSync(pictures, {recursive: true});

const scratch = mkdtempSync(join(tmpdir(), "crest-browser-"));
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"]});
const failures = [];
async function check(name, what) {
  try {
    const said = await what();
    console.log(`ok    ${name}${said ? ": " + said : ""}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAIL  ${name}: ${error.message} (${/[a-z]+\.mjs:\d+/.exec(error.stack ?? "")?.[0] ?? "?"})`);
  }
}

const looks = [{theme: "light", width: 1280}, {theme: "dark", width: 1280}, {theme: "light", width: 390}, {theme: "dark", width: 390}];

try {
  const results = {run: proxyDies(scratch), groups: groupedRun(scratch), sweep: wideSweep(scratch), plan: planned(scratch), limit: limited(scratch), comparison: comparison(scratch)};
  for (const [kind, result] of Object.entries(results)) {
    for (const look of looks)
      await check(`${kind}, ${look.theme}, ${look.width} pixels`, async () => {
        const opened = await openPage(browser, result.page, look);
        if (pictures) await opened.page.screenshot({path: join(pictures, `${kind}-${look.theme}-${look.width}.png`), fullPage: true});
        const said = await checkPage(opened, process.env.AXE);
        await opened.page.close();
        return said;
      });
    const opened = await openPage(browser, result.page, looks[0]);
    await check(`${kind}: every chart has its points`, () => checkCharts(opened.page, result));
    await check(`${kind}: the keyboard reaches them`, () => checkKeyboard(opened.page));
    await check(`${kind}: prints`, () => checkPrint(opened.page));
    await opened.page.close();
  }
  for (const look of [looks[0], looks[3]])
    await check(`a run that is watched, ${look.theme}, ${look.width} pixels`, () =>
      checkWatching(browser, mkdtempSync(join(scratch, "watched-")), process.env.AXE, look, pictures && join(pictures, `watched-${look.theme}-${look.width}.png`)));
  await check("a logarithmic axis has an end wherever it begins", async () => {
    const opened = await openPage(browser, results.run.page, looks[0]);
    await checkLogarithmicAxes(opened.page);
    await opened.page.close();
  });
  await check("a scenario's name is text, whatever it holds", async () => {
    const opened = await openPage(browser, hostileRun(scratch).page, looks[0]);
    const heading = await opened.page.textContent("h1");
    if (!heading.includes(hostileName)) throw new Error(`found heading ${heading}`);
    if (await opened.page.evaluate(() => globalThis.struck)) throw new Error("its script ran");
    return checkPage(opened, process.env.AXE);
  });
} finally {
  await browser.close();
  rmSync(scratch, {recursive: true, force: true});
}
console.log(failures.length ? `${failures.length} checks failed` : "all checks passed");
process.exitCode = failures.length ? 1 : 0;
