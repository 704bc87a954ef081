/** `tracker.js`: reads its own tag, and puts `tracker` into the page. */

import { createTracker } from "./tracker";

const tag = document.currentScript;
const stub = window.tracker;
// A page that has the tag twice counts once.
if (tag instanceof HTMLScriptElement && !stub?.on) {
  const { tenant, bucket, writeKey, endpoint, local, manual } = tag.dataset;
  const tracker = createTracker({
    endpoint: new URL(endpoint || "track", tag.src).href,
    tenant,
    bucket,
    writeKey,
    local: local != null,
    manual: manual != null,
  });
  window.tracker = Object.assign(tracker, { on: 1 as const });
  for (const given of stub?.q || []) tracker(...(given as [string]));
}
