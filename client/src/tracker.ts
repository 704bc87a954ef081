/** Events as pages send them: what each says, and which are sent by themselves. */

import type { Options, Tracker } from "./api";
import { watch } from "./behaviours";
import { deliver } from "./delivery";
import { type Store, storage } from "./storage";
import { campaign, isUncounted, randomId, session } from "./visit";

export function createTracker(options: Options): Tracker {
  const { tenant, bucket, writeKey } = options;
  const name = "tracker:" + (tenant || bucket);
  if (EVERYTHING && isUncounted(options.local)) return () => {};
  const delivery = deliver(
    options.endpoint,
    name,
    { tenant, bucket, writeKey },
    (count) => track("events_dropped", { count }),
  );
  let path: string;
  // It never has what follows `#`.
  let referrer = document.referrer.split("?")[0] || undefined;
  let visits: Store;
  if (EVERYTHING) {
    visits = storage("sessionStorage");
    // An answer that found no room on an earlier page: perhaps it does now.
    if (visits[name + "-off"]) delivery.consent!(false, visits);
  }

  function track(
    what: string | boolean,
    metadata?: Record<string, unknown>,
    where?: { page: string; referrer: string | undefined },
  ) {
    try {
      if (EVERYTHING) {
        if (typeof what == "boolean") return delivery.consent!(what, visits);
        if (delivery.isOut!()) return;
        where ||= { page: address(), referrer };
        if (document.prerendering) {
          // Told when the page is looked at, of the page as it is now. The event is the
          // document's, and comes once.
          addEventListener(
            "prerenderingchange",
            () => track(what, metadata, where),
            true,
          );
          return;
        }
      }
      delivery.put({
        eventId: randomId(),
        eventType: what,
        timestamp: new Date().toISOString(),
        ...(EVERYTHING ? where : { page: address(), referrer }),
        viewport: { width: innerWidth, height: innerHeight },
        sessionId: EVERYTHING ? session(visits, name) : undefined,
        metadata,
      });
    } catch {
      // Metadata that is no JSON is the page's mistake, and storage may fail at any time:
      // neither must break the page.
    }
  }

  function view() {
    // Not for what follows `?`: an address that tells a form's state is the same page.
    if (path == address()) return;
    referrer = path || referrer;
    path = address();
    track("page_view", EVERYTHING ? campaign() : undefined);
  }

  if (!options.manual) {
    view();
    addEventListener("popstate", view);
    for (const method of ["pushState", "replaceState"] as const) {
      const original = history[method];
      history[method] = function (...given) {
        original.apply(this, given);
        view();
      };
    }
    if (EVERYTHING) {
      watch(track);
      // Of a page that handles navigations itself, without the history.
      window.navigation?.addEventListener("navigatesuccess", view);
      // Back, to a page that was kept as it was left.
      addEventListener("pageshow", ({ persisted }) => {
        if (persisted) path = "";
        view();
      });
    }
  }
  // What else a page's code passes is nothing to us.
  return EVERYTHING
    ? (what: string | boolean, metadata?: Record<string, unknown>) =>
        track(what, metadata)
    : track;
}

/** The page, without what follows its path: that may say who the visitor is. */
function address() {
  return location.origin + location.pathname;
}
