// The card of a feature: where else it fires and what it writes, from the file of --features.
import {FEATURE, number, percent} from "../core/graph.mjs";
import {element} from "./dom.mjs";

export function fillCard(root, {graph, members, cards}) {
  root.replaceChildren();
  if (members.length !== 1 || graph.kind[members[0]] !== FEATURE) return;
  const i = members[0],
    card = cards[`${graph.layer[i]}_${graph.feature[i]}`];
  if (!card) return;
  root.append(element("h3", {}, "Feature"));
  if (card.label) root.append(element("p", {class: "card-label"}, card.label));
  const facts = [];
  if (card.frequency !== null) facts.push(`fires at ${percent(card.frequency)} of tokens`);
  if (card.maximum !== null) facts.push(`at most ${number(card.maximum)}`);
  if (facts.length > 0) root.append(element("p", {class: "muted"}, facts.join(" · ")));
  if (card.histogram) root.append(histogram(card.histogram, graph.activation[i]));
  if (card.top_logits.length + card.bottom_logits.length > 0) {
    root.append(
      element(
        "div",
        {class: "logits"},
        logits("Raises", card.top_logits),
        logits("Lowers", card.bottom_logits),
      ),
    );
  }
  if (card.examples.length > 0) {
    root.append(
      element("h4", {}, "Fires most here"),
      element(
        "ol",
        {class: "examples"},
        ...card.examples.map((example) => exampleRow(example, card.maximum)),
      ),
    );
  }
}

/** Bars on a square root scale, as counts fall off steeply; this prompt's activation is marked. */
function histogram({edges, counts}, activation) {
  const most = Math.max(...counts, 1e-12),
    total = counts.reduce((sum, c) => sum + c, 0);
  const below = counts.reduce((sum, c, b) => sum + (edges[b + 1] <= activation ? c : 0), 0);
  const bars = counts.map((count, b) => {
    const bar = element("span", {
      title: `${number(edges[b])} to ${number(edges[b + 1])}: ${count}`,
    });
    bar.style.height = `${100 * Math.sqrt(count / most)}%`;
    return bar;
  });
  const marker = element("span", {class: "here"});
  const [from, to] = [edges[0], edges[edges.length - 1]];
  marker.style.left = `${100 * Math.min(1, Math.max(0, (activation - from) / (to - from || 1)))}%`;
  const caption = `Here ${number(activation)}: above ${percent(total > 0 ? below / total : 0)} of its activations.`;
  return element(
    "figure",
    {class: "histogram"},
    element(
      "div",
      {
        class: "bars",
        role: "img",
        "aria-label": `Histogram of activations from ${number(from)} to ${number(to)}. ${caption}`,
      },
      ...bars,
      marker,
    ),
    element("figcaption", {}, caption),
  );
}

function logits(title, values) {
  return element(
    "table",
    {},
    element("caption", {}, title),
    element(
      "tbody",
      {},
      ...values.map(([token, value]) =>
        element(
          "tr",
          {},
          element("td", {}, element("code", {}, token)),
          element("td", {class: "value"}, number(value)),
        ),
      ),
    ),
  );
}

function exampleRow({tokens, activations, at}, maximum) {
  const most = maximum ?? Math.max(...activations, 1e-12);
  return element(
    "li",
    {},
    ...tokens.map((token, k) => {
      const share = Math.max(0, Math.min(1, activations[k] / most));
      const piece = element(k === at ? "strong" : "span", {title: number(activations[k])}, token);
      if (share > 0)
        piece.style.backgroundColor = `color-mix(in srgb, var(--hot) ${Math.round(85 * share)}%, transparent)`;
      return piece;
    }),
  );
}
