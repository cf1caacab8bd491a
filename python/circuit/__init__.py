"""Circuit tracing with attribution graphs.

>>> import circuit
>>> model = circuit.load()                          # the bundled demo, or model=…, transcoders=…
>>> graph = model.trace("le contraire de petit est")
>>> graph.nodes["layer"], graph.edges               # numpy, scipy.sparse
>>> kept = graph.prune(node_threshold=0.8)
>>> kept.to_networkx(), kept.export("petit.svg")
>>> model.intervene("le contraire de petit est", "4_436_-1=x2")

``load_graph`` reads a saved graph; that and all that is done with graphs needs no model and loads
no LibTorch. scipy and networkx are imported when something asks for them.
"""

from circuit._graph import FeatureLabel, Path, Provenance, Scores, Target
from circuit._graph import version as __version__
from circuit._program import ProgramError, run
from circuit.graph import Graph, load_graph
from circuit.interventions import Effect, Intervention, Outcome, Steering, Swap
from circuit.model import ActiveFeatures, Model, load
from circuit.pruned import Pruned
from circuit.studies import Study, load_study, study

__all__ = [
    "ActiveFeatures",
    "Effect",
    "FeatureLabel",
    "Graph",
    "Intervention",
    "Model",
    "Outcome",
    "Path",
    "ProgramError",
    "Provenance",
    "Pruned",
    "Scores",
    "Steering",
    "Study",
    "Swap",
    "Target",
    "__version__",
    "load",
    "load_graph",
    "load_study",
    "run",
    "study",
]
