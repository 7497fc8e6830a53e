"use strict";
// Everything that comes from a project is put into the page as text (textContent, setAttribute), never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  const groups = new Map(data.groups.map((group) => [group.id, group.label]));
  const above = new Map(), below = new Map();
  for (const id of nodes.keys()) { above.set(id, []); below.set(id, []); }
  for (const edge of data.edges) { below.get(edge.from).push(edge); above.get(edge.to).push(edge); }
  const state = { query: "", rules: new Set(), groups: new Set(), node: null, finding: null, focus: false, zoom: 1 };
  const CROWDED = data.nodes.length > 80; // then a choice shows what leads there alone
  const SEVERITIES = ["error", "warning", "note"];
  const WIDTH = 236, COLUMN = 330, LINE = 17, GAP = 16, GROUP_HEAD = 26, MARGIN = 36, LONGEST = 32;

  const $ = (id) => document.getElementById(id);
  const element = (tag, options = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "on") made.addEventListener("click", value);
      else if (key === "text") made.textContent = value;
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  };
  const drawn = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const short = (text, length = LONGEST) => (text.length > length ? text.slice(0, length - 1) + "\u2026" : text);
  const shortPath = (text, length) => (text.length > length ? "\u2026" + text.slice(text.length - length + 1) : text);
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // What is shown

  function reached(start, edges, end) {
    const found = new Set([start]), todo = [start];
    while (todo.length) {
      for (const edge of edges.get(todo.pop())) {
        if (!found.has(edge[end])) { found.add(edge[end]); todo.push(edge[end]); }
      }
    }
    return found;
  }
  const leading = (id) => reached(id, above, "from");
  const following = (id) => reached(id, below, "to");

  const text = (node) => [node.title, node.where, ...node.remarks, groups.get(node.group) || ""].join("\n").toLowerCase();
  const findingText = (finding) =>
    [finding.code, finding.rule, finding.message, finding.path, ...finding.chain.map((step) => `${step.path} ${step.function}`)].join("\n").toLowerCase();
  const wordsOf = new Map(data.nodes.map((node) => [node.id, text(node)]));
  const findingWords = data.findings.map(findingText);

  function matchesFilters(finding) {
    if (state.rules.size && !state.rules.has(finding.code)) return false;
    if (!state.groups.size) return true;
    return finding.nodes.some((id) => state.groups.has(nodes.get(id).group));
  }

  function shownFindings() {
    return data.findings
      .map((finding, index) => index)
      .filter((index) => matchesFilters(data.findings[index]))
      .filter((index) => !state.query || findingWords[index].includes(state.query) ||
        data.findings[index].nodes.some((id) => wordsOf.get(id).includes(state.query)));
  }

  function shownNodes() {
    const allowed = new Set(shownFindings());
    const shown = new Set();
    for (const node of data.nodes) {
      if (!node.group) continue;
      if (state.groups.size && !state.groups.has(node.group)) continue;
      if (state.rules.size && !node.findings.some((index) => state.rules.has(data.findings[index].code))) continue;
      const ways = leading(node.id);
      if (!state.query || wordsOf.get(node.id).includes(state.query) || node.findings.some((index) => findingWords[index].includes(state.query) && allowed.has(index))) {
        ways.forEach((id) => shown.add(id));
        continue;
      }
      for (const id of ways) { // what lies on a way through a match
        if (wordsOf.get(id).includes(state.query)) {
          leading(id).forEach((other) => shown.add(other));
          following(id).forEach((other) => { if (ways.has(other)) shown.add(other); });
        }
      }
    }
    if (state.focus && state.node) {
      const near = new Set([...leading(state.node), ...following(state.node)]);
      return new Set([...shown, state.node].filter((id) => near.has(id)));
    }
    return shown;
  }

  // Where it is shown: columns from entry points to creations

  function columns(shown) {
    const depth = new Map(), busy = new Set();
    const measure = (start) => { // longest way from an entry; without recursion, ways in a circle end it
      const stack = [[start, 0]];
      busy.add(start);
      while (stack.length) {
        const top = stack[stack.length - 1];
        const edges = above.get(top[0]);
        if (top[1] < edges.length) {
          const other = edges[top[1]++].from;
          if (shown.has(other) && !depth.has(other) && !busy.has(other)) { busy.add(other); stack.push([other, 0]); }
          continue;
        }
        let most = 0;
        for (const edge of edges) if (depth.has(edge.from)) most = Math.max(most, depth.get(edge.from) + 1);
        depth.set(top[0], most);
        busy.delete(top[0]);
        stack.pop();
      }
    };
    for (const id of shown) if (!depth.has(id)) measure(id);
    let last = 0;
    for (const id of shown) if (!nodes.get(id).group) last = Math.max(last, depth.get(id));
    const found = Array.from({ length: last + 2 }, () => []);
    const isHome = (id) => nodes.get(id).kind !== "entry" && !above.get(id).some((edge) => shown.has(edge.from));
    for (const id of shown) found[nodes.get(id).group ? last + 1 : isHome(id) && leadsStraight(id, shown) ? last : depth.get(id)].push(id);
    return found.filter((column) => column.length);
  }

  function leadsStraight(id, shown) { // to creations alone, so that it may stand beside them
    return below.get(id).every((edge) => !shown.has(edge.to) || nodes.get(edge.to).group);
  }

  const linesOf = (node) => 2 + (node.group ? Math.min(node.remarks.length, 2) + (node.codes.length ? 1 : 0) : 0);
  const heightOf = (node) => 16 + LINE * linesOf(node);

  function layout(shown) {
    const placed = new Map(), boxes = [];
    const all = columns(shown);
    const last = all[all.length - 1] || [];
    const order = [...new Set(last.map((id) => nodes.get(id).group))];
    const grave = (id) => (nodes.get(id).codes.length ? 0 : 1);
    let y = MARGIN;
    for (const group of order.sort((a, b) => Math.min(...last.filter((id) => nodes.get(id).group === a).map(grave)) - Math.min(...last.filter((id) => nodes.get(id).group === b).map(grave)))) {
      const members = last.filter((id) => nodes.get(id).group === group).sort((a, b) => grave(a) - grave(b));
      const top = y;
      if (group) y += GROUP_HEAD;
      for (const id of members) { placed.set(id, { x: MARGIN + (all.length - 1) * COLUMN, y }); y += heightOf(nodes.get(id)) + GAP; }
      if (group) boxes.push({ label: groups.get(group), x: MARGIN + (all.length - 1) * COLUMN - 12, y: top, width: WIDTH + 24, height: y - top - GAP + 12 });
      y += GROUP_HEAD;
    }
    for (let at = all.length - 2; at >= 0; at--) settle(all[at], at, placed, below, "to");
    for (let at = 1; at < all.length - 1; at++) settle(all[at], at, placed, above, "from");
    let highest = MARGIN, lowest = y;
    for (const [id, place] of placed) { highest = Math.min(highest, place.y); lowest = Math.max(lowest, place.y + heightOf(nodes.get(id))); }
    const shift = MARGIN - highest;
    for (const place of placed.values()) place.y += shift;
    for (const box of boxes) box.y += shift;
    return { placed, boxes, width: 2 * MARGIN + Math.max(all.length - 1, 0) * COLUMN + WIDTH, height: lowest + shift + 70 };
  }

  function settle(column, at, placed, edges, end) { // beside what they lead to, in its order, without overlaps
    const wanted = column.map((id) => {
      const beside = edges.get(id).map((edge) => placed.get(edge[end])).filter(Boolean);
      const old = placed.get(id);
      const y = beside.length ? beside.reduce((sum, place) => sum + place.y, 0) / beside.length : old ? old.y : 0;
      return { id, y };
    }).sort((a, b) => a.y - b.y);
    let bottom = -Infinity, drift = 0;
    for (const item of wanted) {
      const y = Math.max(item.y, bottom);
      drift += y - item.y;
      bottom = y + heightOf(nodes.get(item.id)) + GAP;
      placed.set(item.id, { x: MARGIN + at * COLUMN, y });
    }
    const back = drift / Math.max(wanted.length, 1);
    for (const item of wanted) placed.get(item.id).y -= back;
  }

  // Drawing

  let order = [], scene = null;

  function draw() {
    const shown = shownNodes();
    const { placed, boxes, width, height } = layout(shown);
    const lit = state.node && shown.has(state.node) ? new Set([...leading(state.node), ...following(state.node)]) : null;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width: width * state.zoom, height: height * state.zoom, role: "group", "aria-label": "Connections and what leads to them" });
    svg.append(drawn("defs", {}, drawn("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, drawn("path", { d: "M0 0 L8 4 L0 8 z", fill: "context-stroke" }))));
    for (const box of boxes) {
      const label = drawn("text", { x: box.x + 12, y: box.y + 15 });
      label.textContent = short(box.label, 40);
      const title = drawn("title", {});
      title.textContent = box.label;
      svg.append(drawn("g", { class: "group" }, drawn("rect", { x: box.x, y: box.y, width: box.width, height: box.height, rx: 12 }), label, title));
    }
    for (const edge of data.edges) {
      if (placed.has(edge.from) && placed.has(edge.to)) svg.append(drawEdge(edge, placed, lit));
    }
    order = [...placed.keys()].sort((a, b) => placed.get(a).x - placed.get(b).x || placed.get(a).y - placed.get(b).y);
    for (const id of order) svg.append(drawNode(nodes.get(id), placed.get(id), lit));
    $("stage").replaceChildren(svg);
    $("empty").hidden = placed.size > 0;
    $("empty").textContent = data.nodes.length ? "Nothing fits the filters." : "No connection is created in this project.";
    scene = { placed, width, height };
  }

  function drawEdge(edge, placed, lit) {
    const from = placed.get(edge.from), to = placed.get(edge.to);
    const x1 = from.x + WIDTH, y1 = from.y + heightOf(nodes.get(edge.from)) / 2;
    const x2 = to.x, y2 = to.y + heightOf(nodes.get(edge.to)) / 2;
    const bend = Math.max(50, Math.abs(x2 - x1) / 2);
    const on = lit && lit.has(edge.from) && lit.has(edge.to);
    const path = drawn("path", {
      class: `edge${edge.sure ? "" : " unsure"}${on ? " lit" : lit ? " faded" : ""}`,
      d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 3} ${y2}`, "marker-end": "url(#arrow)",
    });
    const title = drawn("title", {});
    title.textContent = `${nodes.get(edge.from).title} \u2192 ${nodes.get(edge.to).title} (line ${edge.label.replaceAll(":", "")})${edge.sure ? "" : ": by the method's name alone"}`;
    path.append(title);
    return path;
  }

  function drawNode(node, place, lit) {
    const height = heightOf(node);
    const chosen = node.id === state.node;
    const made = drawn("g", {
      class: `node ${node.kind}${chosen ? " chosen" : ""}${lit && !lit.has(node.id) ? " faded" : ""}`,
      transform: `translate(${place.x} ${place.y})`, tabindex: "0", role: "button", "data-id": node.id,
      "aria-pressed": String(chosen), "aria-label": [node.title, node.where, ...node.remarks, ...node.codes].join(", "),
    });
    made.append(drawn("rect", { width: WIDTH, height, rx: node.kind === "entry" ? height / 2 : 9 }));
    const pad = node.kind === "entry" ? 20 : 13;
    let line = 0;
    const write = (content, name, length, cut = short) => {
      const written = drawn("text", { x: pad, y: 22 + LINE * line++, class: name });
      written.textContent = cut(content, length);
      made.append(written);
    };
    write(node.title, "name", node.kind === "entry" ? 24 : 27);
    write(node.where, "sub", node.kind === "entry" ? 32 : 35, shortPath);
    if (node.group) node.remarks.slice(0, 2).forEach((remark) => write(remark, "sub", 36));
    if (node.group && node.codes.length) write(node.codes.join("  "), "codes", 36);
    const title = drawn("title", {});
    title.textContent = [node.title, node.where, ...node.remarks, ...node.codes].join("\n");
    made.append(title);
    return made;
  }

  // Lists, filters, details

  function chips(place, items, chosen) {
    place.replaceChildren(...items.map(({ key, label, count, title }) => element("button", {
      class: "chip", type: "button", "aria-pressed": String(chosen.has(key)), title: title || label, "data-key": key,
      on: () => { if (!chosen.delete(key)) chosen.add(key); update(); },
    }, label, element("span", { class: "count", text: String(count) }))));
  }

  function filters() {
    const rules = new Map();
    for (const finding of data.findings) rules.set(finding.code, { rule: finding.rule, count: (rules.get(finding.code)?.count || 0) + 1 });
    chips($("rules"), [...rules].sort().map(([code, { rule, count }]) => ({ key: code, label: code, count, title: rule })), state.rules);
    const sites = new Map();
    for (const node of data.nodes) if (node.group) sites.set(node.group, (sites.get(node.group) || 0) + 1);
    chips($("groups"), data.groups.map((group) => ({ key: group.id, label: group.label, count: sites.get(group.id) || 0 })), state.groups);
    $("rules-head").hidden = !rules.size;
    $("groups-head").hidden = !data.groups.length;
  }

  const badge = (finding) => element("span", { class: `badge ${finding.severity}`, text: finding.code });

  function list() {
    const found = shownFindings().sort((a, b) => SEVERITIES.indexOf(data.findings[a].severity) - SEVERITIES.indexOf(data.findings[b].severity) || a - b);
    $("findings").replaceChildren(...found.map((index) => {
      const finding = data.findings[index];
      return element("li", {}, element("button", {
        type: "button", "aria-current": String(index === state.finding), "data-finding": String(index), on: () => chooseFinding(index),
      }, element("span", {}, badge(finding), ` ${finding.rule}`), element("span", { class: "place", text: `${finding.path}:${finding.line}` })));
    }));
    $("findings-head").textContent = found.length === data.findings.length ? counted(found.length, "finding") : `${found.length} of ${counted(data.findings.length, "finding")}`;
  }

  function findingCard(finding) {
    const card = element("section", { class: "card" },
      element("div", {}, badge(finding), " ", element("strong", { text: finding.rule }), ` (${finding.severity})`),
      element("div", { class: "place", text: `${finding.path}:${finding.line}:${finding.column}` }),
      element("p", { text: finding.message }));
    if (finding.source.length) {
      card.append(element("pre", { tabindex: "0", "aria-label": "source" }, ...finding.source.map((line) =>
        element("div", line.here ? { class: "here" } : {}, element("span", { text: `${String(line.number).padStart(4)}  ` }), line.text))));
    }
    if (finding.chain.length) {
      card.append(element("h2", { text: "What leads there" }), element("ol", { class: "chain" }, ...finding.chain.map((step) => {
        const known = data.nodes.find((node) => node.where.split(", ").some((part) => part === step.path || part === `${step.path}:${step.line}`) && (node.title === step.function || node.where.startsWith(`${step.function}, `)));
        const name = step.function || "the module";
        return element("li", {}, known ? element("button", { type: "button", on: () => chooseNode(known.id), text: name }) : element("strong", { text: name }),
          step.note ? ` ${step.note}` : "", element("div", { class: "place", text: `${step.path}:${step.line}` }));
      })));
    }
    if (finding.advice) card.append(element("p", { class: "cure", text: finding.advice }));
    if (finding.fix) card.append(element("p", {}, element("strong", { text: `Fix (${finding.fix.applicability}): ` }), finding.fix.title));
    card.append(element("p", {}, element("a", { href: finding.url, rel: "noreferrer", text: `Why ${finding.code} matters` })));
    return card;
  }

  function waysTo(id) { // from entry points down, the shortest first, a few of them
    const found = [], todo = [[id]];
    for (let step = 0; todo.length && found.length < 8 && step < 4000; step++) {
      const way = todo.shift();
      const edges = above.get(way[0]).filter((edge) => !way.includes(edge.from));
      if (!edges.length && way.length > 1) found.push(way);
      for (const edge of edges) todo.push([edge.from, ...way]);
    }
    return found;
  }

  function focusButton() {
    const text = state.focus ? "Show everything again" : "Show only what leads here";
    const toggle = () => { state.focus = !state.focus; update(true); };
    return element("p", {}, element("button", { type: "button", id: "focus", "aria-pressed": String(state.focus), text, on: toggle }));
  }

  function details() {
    const parts = [];
    const close = element("button", { type: "button", "aria-label": "Close", text: "\u2715", on: () => clear() });
    if (state.finding !== null) {
      const finding = data.findings[state.finding];
      parts.push(element("div", { class: "row" }, element("h3", { text: "Finding" }), close), findingCard(finding));
      if (state.node) parts.push(focusButton());
    } else if (state.node) {
      const node = nodes.get(state.node);
      parts.push(element("div", { class: "row" }, element("h3", { text: node.title }), close), element("div", { class: "place", text: node.where }));
      if (node.remarks.length) parts.push(element("p", { text: node.remarks.join("; ") }));
      if (node.group) parts.push(element("p", { class: "place", text: groups.get(node.group) }));
      parts.push(focusButton());
      for (const index of node.findings) parts.push(findingCard(data.findings[index]));
      const ways = waysTo(node.id);
      if (ways.length) {
        parts.push(element("h2", { text: "Ways here" }));
        for (const way of ways) {
          parts.push(element("section", { class: "card" }, element("ol", { class: "chain" }, ...way.map((id) => element("li", {},
            element("button", { type: "button", text: nodes.get(id).title, on: () => chooseNode(id) }), element("div", { class: "place", text: nodes.get(id).where }))))));
        }
      }
    }
    document.body.classList.toggle("open", parts.length > 0);
    $("detail").hidden = !parts.length;
    $("detail").replaceChildren(...parts);
    $("detail").scrollTop = 0;
  }

  function chooseNode(id) {
    state.node = id;
    state.finding = null;
    state.focus ||= CROWDED;
    history.replaceState(null, "", `#${id}`);
    update(true);
  }
  function chooseFinding(index) {
    state.finding = index;
    state.node = data.findings[index].nodes[0] || null;
    state.focus ||= CROWDED;
    history.replaceState(null, "", state.node ? `#${state.node}` : "#");
    update(true);
  }
  function clear() {
    state.node = state.finding = null;
    state.focus = false;
    history.replaceState(null, "", "#");
    update();
  }

  function update(show = false) {
    const active = document.activeElement;
    const kept = active && active.dataset ? active.dataset.id : null;
    const key = active && active.dataset ? active.dataset.key : null;
    const index = active && active.dataset ? active.dataset.finding : null;
    filters();
    list();
    details();
    draw();
    if (show && state.node) reveal(state.node);
    const again = kept ? `[data-id="${CSS.escape(kept)}"]` : key ? `[data-key="${CSS.escape(key)}"]` : index ? `[data-finding="${CSS.escape(index)}"]` : null;
    if (again) document.querySelector(again)?.focus({ preventScroll: true });
  }

  function reveal(id) {
    const place = scene.placed.get(id), stage = $("stage");
    if (!place) return;
    const x = place.x * state.zoom, y = place.y * state.zoom;
    if (x < stage.scrollLeft || x + WIDTH * state.zoom > stage.scrollLeft + stage.clientWidth) stage.scrollLeft = x - stage.clientWidth / 2;
    if (y < stage.scrollTop || y + 90 * state.zoom > stage.scrollTop + stage.clientHeight) stage.scrollTop = y - stage.clientHeight / 2;
  }

  function zoom(factor) {
    const stage = $("stage"), old = state.zoom;
    state.zoom = Math.min(2.5, Math.max(0.08, factor));
    const x = (stage.scrollLeft + stage.clientWidth / 2) / old, y = (stage.scrollTop + stage.clientHeight / 2) / old;
    draw();
    stage.scrollLeft = x * state.zoom - stage.clientWidth / 2;
    stage.scrollTop = y * state.zoom - stage.clientHeight / 2;
  }
  function fit() {
    const stage = $("stage");
    zoom(Math.min(1, stage.clientWidth / scene.width, stage.clientHeight / scene.height));
  }

  // What people do

  $("stage").addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (node) chooseNode(node.dataset.id);
    else if (event.target.tagName === "svg" || event.target.id === "stage") clear();
  });
  $("stage").addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoom(state.zoom * (event.deltaY < 0 ? 1.15 : 1 / 1.15)); }
  }, { passive: false });
  $("search").addEventListener("input", () => { state.query = $("search").value.trim().toLowerCase(); update(); });
  $("in").addEventListener("click", () => zoom(state.zoom * 1.25));
  $("out").addEventListener("click", () => zoom(state.zoom / 1.25));
  $("fit").addEventListener("click", fit);
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.tagName === "INPUT";
    if (event.key === "Escape") { if (typing && state.query) { $("search").value = ""; state.query = ""; update(); } else clear(); }
    else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "/") { event.preventDefault(); $("search").focus(); }
    else if (event.key === "+") zoom(state.zoom * 1.25);
    else if (event.key === "-") zoom(state.zoom / 1.25);
    else if (event.key === "0") fit();
    else if (event.key === "f" && state.node) { state.focus = !state.focus; update(true); }
    else move(event);
  });
  function move(event) { // along the arrows of the drawing, and up and down its columns
    const here = document.activeElement?.closest?.(".node")?.dataset.id;
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); chooseNode(here); return; }
    const beside = { ArrowRight: [below, "to"], ArrowLeft: [above, "from"] }[event.key];
    let there = null;
    if (beside) there = beside[0].get(here).map((edge) => edge[beside[1]]).find((id) => scene.placed.has(id));
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const x = scene.placed.get(here).x;
      const column = order.filter((id) => scene.placed.get(id).x === x);
      there = column[column.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
    } else return;
    event.preventDefault();
    if (there) { document.querySelector(`.node[data-id="${CSS.escape(there)}"]`).focus(); reveal(there); }
  }

  function theme(name) { document.documentElement.dataset.theme = name; }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  theme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));

  const sites = data.nodes.filter((node) => node.group).length;
  $("counts").textContent = `${counted(sites, "place")} where connections are made, ${counted(data.nodes.filter((node) => node.kind === "entry").length, "entry point")}, ${counted(data.findings.length, "finding")}${data.hidden ? `. ${data.hidden}` : ""}`;
  if (nodes.has(location.hash.slice(1))) state.node = location.hash.slice(1);
  update(true);
  if (scene.height > $("stage").clientHeight || scene.width > $("stage").clientWidth) zoom(Math.max(0.6, Math.min(1, $("stage").clientWidth / scene.width)));
  $("stage").scrollLeft = 0;
  $("stage").scrollTop = 0;
  if (state.node) reveal(state.node);
  document.documentElement.dataset.ready = "yes";
})();
