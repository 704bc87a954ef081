/** `tracker.js`: reads its own tag, and puts `tracker` into the page. */

import { createTracker } from "./tracker";

const tag = document.currentScript as HTMLScriptElement | null;
const stub = window.tracker;
// A page that has the tag twice counts once.
if (EVERYTHING && stub?.on) console.warn("tracker: second tag ignored");
else if (tag && (EVERYTHING || !stub?.on)) {
  const { endpoint, local, manual } = tag.dataset;
  const tracker = createTracker({
    ...tag.dataset,
    endpoint: new URL(endpoint || "track", tag.src).href,
    local: local != null,
    manual: manual != null,
  });
  window.tracker = Object.assign(tracker, { on: 1 as const });
  for (const given of stub?.q || []) tracker(...(given as [string]));
}
