/** What a page, or a bundler's code, sees of the client. */

/** Where events go, and what is told of the page. */
export interface Options {
  /** The address of `POST /track`; `pixel.gif` lies beside it. */
  endpoint: string;
  /** The tenant that events are of. */
  tenant?: string | undefined;
  /** The bucket that events go to, where the tracker knows it by no tenant. */
  bucket?: string | undefined;
  /** The tenant's public key, where the tracker asks for one. */
  writeKey?: string | undefined;
  /** Whether to track on localhost too. Default: not. */
  local?: boolean | undefined;
  /** Whether the page's own code sends every event. Default: page views and the rest
   * are sent by themselves. */
  manual?: boolean | undefined;
}

/** Sends an event; `false` opts the visitor out, `true` in again. */
export interface Tracker {
  (eventType: string, metadata?: Record<string, unknown>): void;
  (consent: boolean): void;
}

/** Start tracking; call it once for each tenant of a page. */
export declare function createTracker(options: Options): Tracker;

declare global {
  interface Window {
    /** Made by `tracker.js`, or a stub that keeps calls in `q` until that is there. */
    tracker?: Tracker & { q?: Iterable<unknown>[]; on?: 1 };
  }
}
