// The state as the part of an address behind #, with the names that other viewers give these
// parameters, so that addresses can be handed on: pinnedIds, supernodes, clerps, clickedId,
// pruningThreshold; ours are linkThreshold, places, path. What is as the file has it is left out.
import {savedFrom} from "./state.mjs";

export function addressOf(state, initial) {
  const saved = savedFrom(state),
    first = savedFrom(initial),
    parts = new URLSearchParams();
  const put = (key, value) => {
    if (JSON.stringify(saved[key]) !== JSON.stringify(first[key])) parts.set(key, value);
  };
  put("clickedId", saved.clickedId);
  put("pinnedIds", saved.pinnedIds.join(","));
  for (const key of ["supernodes", "clerps", "places"]) put(key, JSON.stringify(saved[key]));
  put("path", saved.path.join(","));
  put("pruningThreshold", saved.pruningThreshold);
  put("linkThreshold", saved.linkThreshold);
  return parts.toString();
}

/** What `stateFrom` reads: the parameters of the address, the rest as in `initial`. */
export function savedFromAddress(hash, initial) {
  const saved = savedFrom(initial),
    parts = new URLSearchParams(hash.replace(/^#/, ""));
  const ids = (value) => value.split(",").filter((id) => id !== "");
  const json = (value) => {
    try {
      return JSON.parse(value);
    } catch {
      return [];
    }
  };
  const readers = {pinnedIds: ids, path: ids, supernodes: json, clerps: json, places: json};
  for (const [key, value] of parts) {
    if (key in saved) saved[key] = readers[key] ? readers[key](value) : value;
  }
  return saved;
}
