/** Events as pages send them: what each says, and which are sent by themselves. */

import type { Options, Tracker } from "./api";
import { watch } from "./behaviours";
import { deliver } from "./delivery";
import { campaign, isUncounted, randomId, session } from "./visit";

export function createTracker(options: Options): Tracker {
  const { tenant, bucket, writeKey } = options;
  const name = "tracker:" + (tenant || bucket);
  const offKey = name + "-off";
  if (EVERYTHING && isUncounted(options.local)) return () => {};
  const delivery = deliver(
    options.endpoint,
    name,
    { tenant, bucket, writeKey },
    (count) => track("events_dropped", { count }),
  );
  let path: string;
  let referrer = document.referrer || undefined;

  function track(what: string | boolean, metadata?: Record<string, unknown>) {
    if (EVERYTHING) {
      if (typeof what == "boolean") {
        // An answer that must outlive the page; it says nothing of who gave it.
        delivery.save(offKey, what ? "" : "1");
        if (!what) delivery.clear();
        return;
      }
      if (delivery.text(offKey)) return;
      if (document.prerendering) {
        document.addEventListener("prerenderingchange", () => track(what, metadata), {
          once: true,
        });
        return;
      }
    }
    try {
      delivery.put({
        eventId: randomId(),
        eventType: what,
        timestamp: new Date().toISOString(),
        page: address(),
        referrer,
        viewport: { width: innerWidth, height: innerHeight },
        sessionId: EVERYTHING ? session(name) : undefined,
        metadata,
      });
    } catch {
      // Metadata that is no JSON is the page's mistake, and must not break the page.
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
      // Back, to a page that was kept as it was left.
      addEventListener("pageshow", ({ persisted }) => {
        if (persisted) path = "";
        view();
      });
    }
  }
  return track;
}

/** The page, without what follows its path: that may say who the visitor is. */
function address() {
  return location.origin + location.pathname;
}
