// Cards of the features of a viewer file, with a hostile text among them:
// `node write_cards.mjs FILE.json OUT.jsonl`.
import {readFileSync, writeFileSync} from "node:fs";

const {nodes} = JSON.parse(readFileSync(process.argv[2], "utf8"));
const seen = new Set(),
  lines = [];
for (const {node_id, feature_type, activation} of nodes) {
  const [layer, feature] = node_id.split("_").map(Number);
  const key = `${layer}_${feature}`;
  if (feature_type !== "cross layer transcoder" || seen.has(key)) continue;
  seen.add(key);
  lines.push(
    JSON.stringify({
      layer,
      feature,
      label: `card of ${key} <b>bold</b>`,
      frequency: 0.0125,
      maximum: 8 * activation,
      histogram: {
        edges: [0, 0.5, 1.5, 4, 8].map((edge) => edge * activation),
        counts: [60, 30, 9, 1],
      },
      top_logits: [
        [" up", 1.5],
        ["<script>alert(1)</script>", 1.25],
      ],
      bottom_logits: [[" down", -2]],
      examples: [
        {tokens: [" a", " small", " thing"], activations: [0, 8 * activation, activation], at: 1},
      ],
      unknown: true,
    }),
  );
}
writeFileSync(process.argv[3], `${lines.join("\n")}\n`);
