/** What the browser keeps for the site, or as long as the page where that is blocked. */

export type Store = Record<string, string>;

export function storage(kind: "localStorage" | "sessionStorage"): Store {
  try {
    return window[kind] || {};
  } catch {
    return {};
  }
}
