# %% [markdown]
# # A circuit, looked at and tested
#
# The small bundled model completes "le contraire de petit est" (French: the opposite of small is)
# with " grand". Which of its features lead there, and do they do what the graph says?
# Run as a script, or cell by cell in an editor that knows `# %%`, or with jupytext as a notebook.

# %%
import sys
from pathlib import Path

import circuit
import numpy as np

out = Path(sys.argv[1] if len(sys.argv) > 1 else "explore-output")
prompt = "le contraire de petit est"

# %% [markdown]
# ## Trace
# Nodes are features, errors (what transcoders do not explain), tokens and targets; an edge is the
# direct effect of one on another.

# %%
model = circuit.load()
graph = model.trace(prompt)
scores = graph.scores()
print(graph)
print(f"{graph.targets[0].label!r} with p = {graph.targets[0].weight:.3f}")
print(f"replacement {scores.replacement:.3f}, completeness {scores.completeness:.3f}")

# %% [markdown]
# ## Prune and look
# `kept` shows itself as a picture in a notebook.

# %%
kept = graph.prune(node_threshold=0.8)
print(kept)
print(kept.export(out / "petit.svg").name)
for path in kept.paths(count=3):
    print(f"{path.share:.3f}  " + " -> ".join(graph.describe(node) for node in path.nodes))

# %% [markdown]
# ## As arrays
# The most influential features, with numpy; what one of them reads, with scipy.

# %%
influence = graph.influence()
is_feature = graph.nodes["kind"] == "feature"
ranked = [int(i) for i in np.argsort(-influence) if is_feature[i]][:5]
for node in ranked:
    print(f"{influence[node]:.4f}  {graph.describe(node)}")

inputs = graph.edges[ranked[0]].tocoo()
for source, weight in sorted(zip(inputs.col, inputs.data), key=lambda edge: -abs(edge[1]))[:3]:
    print(f"  {weight:+.3f} from {graph.describe(int(source))}")

# %% [markdown]
# ## As a network

# %%
network = kept.to_networkx()
by_layer = {}
for _, node in network.nodes(data=True):
    if node["kind"] == "feature":
        by_layer[node["layer"]] = by_layer.get(node["layer"], 0) + 1
print(f"{network.number_of_nodes()} nodes, features by layer: {dict(sorted(by_layer.items()))}")

# %% [markdown]
# ## Intervene
# A graph is a hypothesis. Turn the most influential features off, one at a time, and see how much
# the log-odds of the answer move; beside them as many features that the graph says do not matter.

# %%
answer = graph.targets[0].token_id


def off(node):
    row = graph.nodes[node]
    return circuit.Intervention(f"{row['layer']}_{row['feature']}_{row['position']}=0")


unimportant = [int(i) for i in np.argsort(influence) if is_feature[i]][:5]
before, *changed = model.outcomes(
    prompt, [circuit.Intervention(), *map(off, ranked), *map(off, unimportant)]
)
drops = [
    before.log_probabilities()[answer] - outcome.log_probabilities()[answer] for outcome in changed
]
print("log-probability lost, most influential:", " ".join(f"{drop:+.4f}" for drop in drops[:5]))
print("log-probability lost, least:           ", " ".join(f"{drop:+.4f}" for drop in drops[5:]))

# %% [markdown]
# All five at once, and turned over:

# %%
edits = [off(node).edits[0].replace("=0", "=x-1") for node in ranked]
print(model.intervene(prompt, edits))
