// Payloads by address. What was fetched stays in memory and is only confirmed with the server
// again (by its ETag) when a map is opened anew: answers are marked not to be stored elsewhere.

import { makeShape } from "./shapes.js";

const KEPT = 16;
const FRESH_MS = 15_000;
const known = new Map(); // address → {etag, at, content: Promise}

async function fetchContent(url, etag) {
  const headers = etag ? { "If-None-Match": etag } : {};
  const answer = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
  if (answer.status === 304) return null;
  if (!answer.ok) throw new Error(`${answer.status}`);
  const payload = await answer.json();
  return { etag: answer.headers.get("ETag"), content: { payload, shape: makeShape(payload) } };
}

// Return {payload, shape} of a layer; several layers of one address share them.
export function load({ url }) {
  const before = known.get(url);
  if (before && performance.now() - before.at < FRESH_MS) return before.content;
  const entry = { at: performance.now(), etag: before?.etag };
  entry.content = fetchContent(url, before?.etag).then(async (fetched) => {
    if (!fetched) return before.content;
    entry.etag = fetched.etag;
    return fetched.content;
  });
  entry.content.catch(() => known.delete(url));
  known.delete(url);
  known.set(url, entry);
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return entry.content;
}
