// The ids of the most influential features of a viewer file: `node top_features.mjs FILE COUNT`.
import {readFileSync} from "node:fs";

const {nodes} = JSON.parse(readFileSync(process.argv[2], "utf8"));
const features = nodes.filter((node) => node.feature_type === "cross layer transcoder");
features.sort((a, b) => a.influence - b.influence || (a.node_id < b.node_id ? -1 : 1));
console.log(
  features
    .slice(0, Number(process.argv[3]))
    .map((node) => node.node_id)
    .join(","),
);
