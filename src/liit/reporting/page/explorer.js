
// The explorer: samples as cards, and one of them in a dialogue with the reasons of its choice.
const explore = box => {
  const { selections, samples, others } = JSON.parse(document.getElementById(box.dataset.from).textContent);
  const rivals = selections.map((_, place) => place);
  const several = selections.length > 1;
  let shown = samples, at = 0;

  const choice = (label, options, first) => {
    const select = make("select", { onchange: () => list() },
      ...(first ? [make("option", { value: "" }, first)] : []),
      ...options.map(([value, text]) => make("option", { value: String(value) }, text)));
    return [select, make("label", {}, label, select)];
  };
  const tick = text => {
    const input = make("input", { type: "checkbox", onchange: () => list() });
    return [input, make("label", { class: "tick" }, input, text)];
  };
  const unique = field => [...new Set(samples.map(one => one[field]))].filter(Boolean).sort().map(x => [x, x]);
  const [row, rowLabel] = choice("Row", selections.map((one, place) => [place, one.label]));
  const [state, stateLabel] = choice("Chosen", [["yes", "chosen"], ["no", "not chosen"]], "or not");
  const [dataset, datasetLabel] = choice("Dataset", unique("dataset"), "any");
  const [skill, skillLabel] = choice("Skill", unique("skill"), "any");
  const [all, allLabel] = tick("by all rows");
  const [alone, aloneLabel] = tick("by this row alone");
  const [spoiled, spoiledLabel] = tick("spoiled answer");
  const [copy, copyLabel] = tick("near-copy");
  const find = make("input", { type: "search", placeholder: "Words or id", "aria-label": "Filter samples by words or id", oninput: () => list() });
  const count = make("output", { "aria-live": "polite" });
  const cards = make("div", { class: "samples" });
  const start = selections.findIndex(one => one.method === "adapt_inf");
  if (start > 0) row.value = String(start);

  const by = sample => rivals.filter(place => sample.looks[place]?.chosen);
  const keep = sample => {
    const me = Number(row.value), look = sample.looks[me], mine = Boolean(look?.chosen), taken = by(sample);
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${sample.id} ${sample.dataset} ${sample.skill} ${sample.pieces.map(piece => piece[1]).join("")}`.toLowerCase();
    return (!state.value || mine === (state.value === "yes"))
      && (!dataset.value || sample.dataset === dataset.value)
      && (!skill.value || sample.skill === skill.value)
      && (!all.checked || taken.length === rivals.length)
      && (!alone.checked || (mine && taken.every(place => place === me)))
      && (!spoiled.checked || sample.spoiled) && (!copy.checked || Boolean(sample.copy))
      && words.every(word => text.includes(word));
  };
  const pictures = sample => make("div", { class: "pictures" },
    ...sample.pictures.map((source, place) => make("img", {
      src: source, alt: `picture ${place + 1} of the sample`, loading: "lazy", decoding: "async" })),
    sample.pictures.length ? null : make("span", { class: "none" }, "text only"));
  const badges = (sample, look) => make("div", { class: "badges" },
    make("b", { class: look?.chosen ? "yes" : "no" }, look ? (look.chosen ? "chosen" : "not chosen") : "pruned"),
    sample.spoiled ? make("b", { class: "bad" }, "spoiled answer") : null,
    sample.copy ? make("b", { class: "odd" }, "near-copy") : null,
    several ? make("span", {}, `by ${by(sample).length} of ${rivals.length}`) : null);
  const list = () => {
    shown = samples.filter(keep);
    count.textContent = `${shown.length} of ${samples.length} samples`;
    cards.replaceChildren(...shown.map((sample, place) => make("button", {
      type: "button", class: "sample", onclick: () => view(place), "data-id": sample.id },
      pictures(sample),
      make("span", { class: "where" }, `${sample.dataset} · ${sample.skill || "no skill"}`),
      make("span", { class: "asked" }, sample.asked), badges(sample, sample.looks[row.value]))));
  };

  const number = value => value === null ? "–" : value.toLocaleString("en");
  const table = (heads, rows) => make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map(([head, kind]) => make("th", { scope: "col", class: kind }, head)))),
    make("tbody", {}, ...rows.map(cells => make("tr", {}, ...cells.map((cell, place) =>
      make("td", { class: heads[place][1] }, typeof cell === "object" ? cell : String(cell))))))));
  const meter = (rank, of) => make("span", { class: "meter", title: `rank ${rank} of ${of}`,
    style: `--at:${of > 1 ? (100 * (of - rank) / (of - 1)).toFixed(1) : 50}%` });
  const talk = sample => {
    const text = make("p", { class: "talk" });
    for (const [kind, words, tokens] of sample.pieces)
      text.append(kind === "image" ? make("span", { class: "image" }, `image: ${tokens} positions`)
        : make(kind === "trained" ? "mark" : "span", { class: kind, title: tokens ? `${tokens} tokens, ${kind}` : kind }, words));
    return text;
  };
  const details = (sample, look) => {
    if (!look) return [make("p", {}, "This method had pruned the sample from its pool before this step.")];
    const parts = [make("p", { class: "reason" }, look.text)];
    if (look.signals.length)
      parts.push(make("h4", {}, "Signals"), table(
        [["signal", ""], ["value", "num"], ["rank from the top", "num"], ["low to high", ""]],
        look.signals.map(([name, value, rank, of]) => [name, number(value),
          rank === null ? "undefined" : `${number(rank)} of ${number(of)}`, rank === null ? "" : meter(rank, of)])));
    if (look.nearest.length)
      parts.push(make("h4", {}, "Nearest in its group"), table(
        [["sample", ""], ["cosine", "num"], ["chosen", ""], ["asked", ""]],
        look.nearest.map(([id, cosine, chosen]) => [id, cosine.toFixed(2), chosen ? "yes" : "no", others[id]])));
    if (sample.items.length)
      parts.push(make("h4", {}, "Nearest exam items, by their words"), table(
        [["exam", ""], ["asked", ""], ["reference", ""], ["answered after this step", ""]],
        sample.items.map(([task, asked, reference], place) => [task, asked, reference, look.answers[place] || "–"])));
    if (look.missing.length)
      parts.push(make("h4", {}, "Not on this machine"), make("ul", { class: "missing" }, ...look.missing.map(text => make("li", {}, text))));
    return parts;
  };
  const dialog = make("dialog", { class: "look", "aria-label": "A sample", tabindex: "-1", autofocus: true });
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", event => {
    if (event.target.tagName === "SELECT") return;
    if (event.key === "ArrowRight") view(at + 1);
    if (event.key === "ArrowLeft") view(at - 1);
  });
  const view = place => {
    if (!shown[place]) return;
    at = place;
    const sample = shown[at], me = Number(row.value), look = sample.looks[me], one = selections[me];
    const pick = make("select", { "aria-label": "Row", onchange: () => { row.value = pick.value; const now = shown[at]; list();
      if (!shown.includes(now)) shown = [now, ...shown];
      view(shown.indexOf(now)); dialog.querySelector("select").focus(); } },
      ...selections.map((other, k) => make("option", { value: String(k), selected: k === me },
        `${other.label}: ${sample.looks[k] ? (sample.looks[k].chosen ? "chosen" : "not chosen") : "pruned"}`)));
    dialog.replaceChildren(...[
      make("div", { class: "bar" },
        button("←", "the sample before", () => view(at - 1)), button("→", "the next sample", () => view(at + 1)),
        make("span", {}, `${at + 1} of ${shown.length}`),
        button("Close", "close (Esc)", () => dialog.close())),
      make("h3", {}, `${sample.dataset} · ${sample.skill || "no skill"}`, make("code", {}, sample.id)),
      badges(sample, look),
      pictures(sample),
      sample.more > 0 ? make("p", { class: "note" }, `${sample.more} more pictures`) : null,
      talk(sample),
      make("p", { class: "note" }, "Marked: what training puts loss on. ",
        sample.copy ? `A near-copy of ${sample.copy}. ` : "", sample.kind ? `Shown as one ${sample.kind}.` : ""),
      make("h4", {}, several ? pick : one.label, make("small", {}, `${one.step}, seed ${one.seed}: ${number(one.chosen)} of ${number(one.pool)} candidates`)),
      ...details(sample, look),
      make("h4", {}, "Chosen by, at which steps"), make("p", {}, sample.everywhere || "No selection on this machine."),
      make("p", { class: "note" }, make("code", {}, `liit inspect ${one.method} ${one.step} --seed ${one.seed} --id ${sample.id}`))].filter(Boolean));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  box.replaceChildren(
    make("div", { class: "tools filters" }, several ? rowLabel : null, stateLabel, datasetLabel, skillLabel, find,
      several ? allLabel : null, several ? aloneLabel : null, spoiledLabel, copyLabel, count), cards, dialog);
  list();
  if (samples.length === 1) view(0);
};
document.querySelectorAll(".explorer").forEach(explore);
