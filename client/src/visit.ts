/** What an event says of the visit that it is part of. */

import type { Store } from "./storage";

/** Of inactivity; then a visit is another session. */
const SESSION_MS = 18e5;
/** Campaigns, and the ids that networks add to their clicks. */
const CAMPAIGN = /^utm_/;
const CLICK_ID = /^(d|g|fb|tt|tw|y)clid$|^msclkid$|^[gw]braid$|^li_fat_id$/;
const LOCAL = /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1]$|^$/;

/** Whether nobody visits, or nobody who is to be counted. */
export function isUncounted(local?: boolean) {
  return navigator.webdriver || (!local && LOCAL.test(location.hostname));
}

/** Whether the browser asks not to be known. */
function isPrivate() {
  return navigator.globalPrivacyControl || navigator.doNotTrack == "1";
}

/** The session's id: random, and of one tab; browsers copy it to windows that the tab's
 * pages open by script, and to its duplicates. */
export function session(store: Store, name: string) {
  if (isPrivate()) return;
  const now = Date.now();
  const [id, at] = (store[name] || "").split(".");
  const session = Math.abs(now - +(at || 0)) < SESSION_MS ? id : randomId();
  try {
    store[name] = `${session}.${now}`;
  } catch {
    // Full: each event is a session, until there is room.
  }
  return session;
}

/** What the page's address says of how the visitor came. */
export function campaign() {
  const found: Record<string, string> = {};
  new URLSearchParams(location.search).forEach((value, key) => {
    if (CAMPAIGN.test(key) || (!isPrivate() && CLICK_ID.test(key))) found[key] = value;
  });
  return Object.keys(found).length ? found : undefined;
}

/** 32 random hex digits; `crypto.randomUUID` is not there without TLS. */
export function randomId() {
  return crypto
    .getRandomValues(new Uint32Array(4))
    .reduce((id, part) => id + part.toString(16).padStart(8, "0"), "");
}
