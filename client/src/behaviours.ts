/** What visitors do on a page, as events: scrolling, links and forms. */

import type { Tracker } from "./api";

/** Of the page's height that is read when the rest is its foot. */
const READ = 0.9;
const FILE = /\.(7z|apk|csv|dmg|docx?|epub|exe|gz|mp[34]|msi|pdf|pkg|pptx?|rar|tar|xlsx?|zip)$/i;

export function watch(track: Tracker) {
  let read: string;
  addEventListener(
    "scroll",
    () => {
      // At the top nothing was read, however short the page is for the moment.
      if (
        scrollY > 0 &&
        read != location.pathname &&
        innerHeight + scrollY >= document.documentElement.scrollHeight * READ
      ) {
        read = location.pathname;
        track("scroll_complete");
      }
    },
    { passive: true },
  );

  function clicked(event: MouseEvent) {
    // The right button opens a menu. The path leads through open shadow roots as well.
    const link =
      event.button < 2 &&
      (event.composedPath() as HTMLAnchorElement[]).find((each) =>
        each.matches?.("a[href],area[href]"),
      );
    if (!link || !/^http/.test(link.protocol)) return;
    const type =
      link.hasAttribute("download") || FILE.test(link.pathname)
        ? "file_download"
        : link.host != location.host && "outbound_click";
    // Without what follows the path: it may say who the visitor is.
    if (type) track(type, { url: link.origin + link.pathname });
  }
  // Before the page's own listeners, which may stop the event.
  addEventListener("click", clicked, true);
  addEventListener("auxclick", clicked, true);
  addEventListener(
    "submit",
    ({ target }) => {
      const type = target instanceof Element && target.getAttribute("data-track");
      if (type) track(type, { form: target.getAttribute("id") || undefined });
    },
    true,
  );
}
