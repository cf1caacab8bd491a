const head = JSON.parse(document.getElementById("graph-head").textContent);
document.getElementById("app").textContent = `${head.title}: ${head.ids.length} nodes`;
