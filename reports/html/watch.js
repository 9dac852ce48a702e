// The page of a run that goes on (crest-sim run --watch): how it stands, events by hand, and below them the report of what
// was found so far, which is drawn anew whenever there is more.

/// The bar of a live page: {state(now), say(text), over(how)}.
function watchBar(parent, live) {
  const stage = h("strong", {}, "waiting"), counts = h("span", {class: "quiet"}), progress = h("progress", {max: "1", "aria-label": "Load", hidden: live.duration_s === null});
  const still = h("input", {type: "checkbox"}), said = h("p", {role: "status", class: "said"}), struck = h("ol", {class: "struck", "aria-label": "Events"});
  const controls = handControls(live, said);
  const how = h("p", {}, stage, " ", counts);
  parent.append(h("section", {"aria-labelledby": "watch-title"}, h("h2", {id: "watch-title"}, "Live"), how, progress, controls.element, said, struck,
    h("p", {}, h("label", {}, still, " hold the report still"))));
  let events = "";
  return {
    still,
    say: (text) => (said.textContent = text),
    state(now) {
      stage.textContent = now.stage === "under load" ? `Under load for ${seconds(now.since_s)}${live.duration_s === null ? "" : ` of ${seconds(live.duration_s)}`}` : now.stage === "starting" ? "Processes are starting" : "The load is over; processes are ending";
      counts.textContent = [now.phase && `phase ${now.phase}`, `${number(now.sent)} sent`, `${number(now.done)} done`, `${number(now.failed)} failed`, `${number(now.redirects)} redirects`].filter(Boolean).join(" · ");
      if (live.duration_s !== null) progress.value = Math.min(1, now.since_s / live.duration_s);
      controls.state(now);
      const text = JSON.stringify(now.events);
      if (text === events) return;
      events = text;
      struck.replaceChildren(...now.events.map((e) => h("li", {}, `${seconds(e.at_s)}  `, h("b", {}, e.name), e.detail ? ` (${e.detail})` : "")));
    },
    over(result) {
      stage.textContent = "Over: " + result.verdict;
      if (result.report) counts.replaceChildren("The report is ", h("code", {}, result.report));
      if (result.why) counts.textContent = result.why;
      progress.hidden = true;
      controls.element.remove();
      still.closest("p").remove();
    },
  };
}

/// Buttons for what a person may do to a node, and to sessions.
function handControls(live, said) {
  const strike = async (action) => {
    said.textContent = "asked …";
    try {
      const answer = await fetch("events", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(action)});
      const says = await answer.json();
      said.textContent = answer.ok ? `asked: ${says.name}` : says.error;
    } catch (error) {
      said.textContent = "not asked: " + error.message;
    }
  };
  const node = h("select", {id: "watch-node"}, live.nodes.map((n) => h("option", {value: n.name}, n.name)));
  const button = (text, does, title) => h("button", {type: "button", onclick: does, title}, text);
  const kill = button("Kill", () => strike({kill: node.value}), "SIGKILL");
  const restart = button("Restart", () => strike({restart: node.value}), "SIGTERM, then start again");
  const hard = button("Kill and restart", () => strike({restart: {node: node.value, graceful: false}}), "SIGKILL, then start again");
  const reload = button("Reload", () => strike({reload: node.value}), "read the configuration again");
  const share = h("input", {type: "number", min: "1", max: "100", value: "50", "aria-label": "Percent of sessions"});
  const from = h("select", {"aria-label": "From"}, h("option", {value: ""}, "all proxies"), Array.from({length: Math.min(live.proxies, 1000)}, (_, n) => h("option", {}, `proxy[${n}]`)));
  const move = button("Move sessions", () => strike({move_sessions: {share: Number(share.value) / 100, ...(from.value ? {from: from.value} : {})}}), "to other proxies, at random");
  const nodes = live.nodes.length ? h("p", {}, h("label", {for: "watch-node"}, "Node "), node, " ", kill, restart, hard, reload) : null;
  const sessions = live.proxies > 1 ? h("p", {}, share, " % of the sessions of ", from, " ", move) : null;
  const element = h("fieldset", {disabled: true}, h("legend", {}, "Events by hand"), nodes, sessions);
  const byName = new Map(live.nodes.map((n) => [n.name, n]));
  let running = new Set();
  const choose = () => {
    const runs = running.has(node.value);
    kill.disabled = hard.disabled = !runs;
    restart.textContent = runs ? "Restart" : "Start";
    reload.disabled = !runs || !byName.get(node.value)?.reload;
  };
  node.addEventListener("change", choose);
  // A node of the drawing is chosen by a click.
  document.getElementById("report").addEventListener("click", (event) => {
    const name = event.target.closest(".topology .node")?.querySelector("title")?.textContent;
    if (!byName.has(name)) return;
    node.value = name;
    choose();
    node.focus();
  });
  return {
    element,
    state(now) {
      running = new Set(now.running);
      element.disabled = now.stage !== "under load";
      [...node.options].forEach((option) => {
        const text = running.has(option.value) || now.stage === "starting" ? option.value : `${option.value}, stopped`;
        if (option.textContent !== text) option.textContent = text;
      });
      choose();
    },
  };
}

/// Draws the report of a run anew; what the reader has opened stays open, and the page where it is.
function drawAgain(into, draw) {
  const name = (details) => details.querySelector("summary").textContent + " " + (details.closest("section")?.id ?? "");
  const open = new Set([...into.querySelectorAll("details[open]")].map(name)), place = scrollY;
  const within = [...into.querySelectorAll("[tabindex], button, summary")], focus = within.indexOf(document.activeElement);
  dropCharts(into);
  into.style.minHeight = into.offsetHeight + "px"; // an empty page would scroll to its top
  into.replaceChildren();
  draw();
  for (const details of into.querySelectorAll("details")) details.open = open.has(name(details));
  into.style.minHeight = "";
  scrollTo({top: place, behavior: "instant"});
  if (focus >= 0) into.querySelectorAll("[tabindex], button, summary")[focus]?.focus({preventScroll: true});
}

function watchRun(into) {
  const live = report.live, bar = watchBar(document.getElementById("watch"), live);
  document.title = `${live.scenario}: live`;
  into.append(head("Run · live", live.scenario, "running", live.description, [], []));
  const show = (data) => {
    report.files = data.files;
    drawAgain(into, () => showRun(into));
  };
  const source = new EventSource("events");
  const on = (kind, does) => source.addEventListener(kind, (event) => does(JSON.parse(event.data)));
  on("state", (now) => bar.state(now));
  on("result", (data) => bar.still.checked || show(data));
  on("trouble", (text) => bar.say(text));
  on("over", (result) => {
    source.close();
    live.over = true;
    bar.over(result);
    if (result.data) show(result.data);
  });
  source.addEventListener("error", () => {
    source.close();
    if (!live.over) bar.over({verdict: "the run is gone", why: "The command has ended; its terminal says how."});
  });
}
