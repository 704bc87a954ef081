/** Events on their way: each waits in the outbox until the tracker has answered for it.
 *
 * The outbox is localStorage with a key for each event, so that tabs never write each
 * other's. A lock lets one tab send at a time; only a page that is left does not wait for
 * it. What was then sent twice has one `eventId`, and counts once.
 */

import { type Store, storage } from "./storage";

/** Of an answer: an event that was not taken. */
type Rejected = { index: number; status: number };

/** An enum, since the bundler writes its values where they are used. */
const enum Limit {
  /** Characters of waiting events that are kept: some two thousand events. */
  OUTBOX_CHARS = 1e6,
  ROOM_CHARS = 9e5,
  /** Characters of one request: browsers keep 64 KiB alive, and one may take three bytes. */
  BATCH_CHARS = 2e4,
  LEAVING_BATCHES = 3,
  BATCH_EVENTS = 10,
  BATCH_MS = 5e3,
  /** Younger events of another page are left to it: they may be on their way. */
  FOREIGN_MS = 1e4,
  SETTLE_MS = 100,
  TIMEOUT_MS = 3e4,
  BACKOFF_MS = 3e5,
  /** No wait is longer; one that is was noted by a clock that was wrong. */
  LONGEST_MS = 36e5,
  /** Of one event in UTF-8: with what its request shares, the tracker takes 64 KiB. */
  EVENT_BYTES = 65e3,
  /** Of an image's address: API Gateway takes 10,240, CloudFront 8,192. */
  URL_CHARS = 8e3,
}

export type Event = { eventId: string } & Record<string, unknown>;

export function deliver(
  endpoint: string,
  name: string,
  shared: Record<string, string | undefined>,
  onDrop: (count: number) => void,
) {
  const prefix = name + ".";
  const dropKey = name + "-dropped";
  const pauseKey = name + "-pause";
  const offKey = EVERYTHING ? name + "-off" : "";
  const local = storage("localStorage");
  let store: Store = local;
  /** Keys that this page made, and of these those under way. */
  const ours = new Set<string>();
  const flying = new Set<string>();
  const free = (key: string) => flying.delete(key);
  // Unknown as yet: the first event has it counted.
  let size = Limit.OUTBOX_CHARS;
  let failures = 0;
  let busy = false;
  let timer = 0;

  const keys = () =>
    Object.keys(store)
      .filter((key) => key.startsWith(prefix))
      .sort();
  const text = (key: string) => store[key] || "";
  const number = (key: string) => +text(key);

  function put(event: Event) {
    const key = prefix + Date.now().toString(36) + event.eventId;
    const json = JSON.stringify(event);
    wake(Limit.BATCH_MS);
    if (new Blob([json]).size > Limit.EVENT_BYTES) return drop(key);
    if ((size += json.length) > Limit.OUTBOX_CHARS) trim(json.length);
    save(key, json);
    ours.add(key);
    // Together with what else the page says now.
    if (document.hidden) queueMicrotask(leave);
    else if (ours.size - flying.size >= Limit.BATCH_EVENTS) void pump();
  }

  function save(key: string, value: string | number) {
    try {
      store[key] = value as string;
    } catch {
      // The page's own data left no room; what is in there is for the next page.
      store = { [key]: value as string };
    }
  }

  function trim(more: number) {
    size = more;
    for (const key of keys().reverse()) {
      more += text(key).length;
      // A tenth is made free at once, so that not every event looks through them all.
      if (more < Limit.ROOM_CHARS) size = more;
      else drop(key);
    }
  }

  function drop(key: string) {
    forget(key);
    save(dropKey, number(dropKey) + 1);
  }

  function wake(ms: number) {
    timer ||= setTimeout(pump, ms);
  }

  /** Milliseconds until the tracker may be asked again. */
  function pause() {
    const left = number(pauseKey) - Date.now();
    return left > 0 && left < Limit.LONGEST_MS ? left : 0;
  }

  async function pump() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    timer = 0;
    try {
      await navigator.locks.request(name, drain);
    } catch {
      // There is no lock without TLS, and none to be had in a sandbox.
      await drain().catch(() => {});
    }
    busy = false;
    if (keys().length) wake(pause() || Limit.BATCH_MS);
  }

  async function drain() {
    while (!pause()) {
      const dropped = number(dropKey);
      delete store[dropKey];
      if (dropped) onDrop(dropped);
      if (!(await send(next(Limit.FOREIGN_MS)))) break;
    }
    // Other tabs hear a little later what is gone from the outbox.
    await new Promise((go) => setTimeout(go, Limit.SETTLE_MS));
  }

  /** The oldest events to send, as many as one request takes: ours, and older ones. */
  function next(ms: number) {
    let chars = 0;
    return keys().filter((key) => {
      const more = text(key).length;
      // A clock that was put back makes an age negative.
      const age = Math.abs(Date.now() - parseInt(key.slice(prefix.length, -32), 36));
      return (
        !flying.has(key) &&
        (ours.has(key) || age > ms) &&
        (!chars || chars + more < Limit.BATCH_CHARS) &&
        (chars += more)
      );
    });
  }

  /** Send what this page has not sent, now: it may be the last moment. */
  function leave() {
    // As much as browsers keep alive; the rest waits for the next page.
    for (let left = Limit.LEAVING_BATCHES; left-- && !pause(); ) {
      void send(next(1 / 0), true);
    }
  }

  /** Send a batch; true, once it is known what became of it, if there was one. */
  async function send(batch: string[], leaving?: boolean): Promise<unknown> {
    if (!batch[0]) return;
    batch.forEach((key) => flying.add(key));
    const head = JSON.stringify({ ...shared, sentAt: new Date() }).slice(0, -1);
    const body = `${head},"events":[${batch.map(text)}]}`;
    const own: Record<number, number> = {};
    // Not known until the tracker has answered.
    let isOver: boolean | undefined;
    let wait = 0;
    try {
      if (
        leaving &&
        !("keepalive" in Request.prototype) &&
        navigator.sendBeacon(endpoint, body)
      ) {
        // Nobody hears the answer: the events stay, for the next page to make sure.
        return land(batch, Limit.FOREIGN_MS);
      }
      const reply = await fetch(endpoint, {
        method: "POST",
        body,
        credentials: "omit",
        keepalive: body.length < Limit.BATCH_CHARS + 1e3,
        signal: AbortSignal.timeout?.(Limit.TIMEOUT_MS) as AbortSignal,
      });
      // Refused for good, whoever said so.
      isOver = [400, 401, 413].includes(reply.status);
      const after = reply.headers.get("Retry-After")!;
      wait = +after * 1e3 || 0;
      // A gateway before the tracker may say a date, and one that is over.
      if (EVERYTHING) wait ||= Math.max(Date.parse(after) - Date.now(), 0) || 0;
      const { error, rejected } = await reply.json();
      rejected?.forEach((each: Rejected) => (own[each.index] = each.status));
      // Taken, if that is said to the end, or refused in the tracker's own words: a
      // gateway or a firewall before it knows no `error`, and may think again.
      isOver ||= reply.status < (error ? 500 : 300);
    } catch {
      // No answer, or one that the page may not read. Where its policy allows images
      // alone, one of them takes an event, if that has not been cleared meanwhile.
      const first = text(batch[0]);
      if (isOver == null && first) {
        batch.splice(1).forEach(free);
        const url = new URL("pixel.gif", endpoint);
        const event = JSON.parse(`${head},${first.slice(1)}`) as Event;
        for (const member in event) {
          const value = event[member];
          const isText = typeof value == "string";
          url.searchParams.set(member, isText ? value : JSON.stringify(value));
        }
        // Out of the way of the others, as long as the longest wait.
        if (url.href.length > Limit.URL_CHARS) return land(batch, Limit.BACKOFF_MS);
        // A broken image has no width, and one more than a pixel wide says that the
        // event is to come again.
        isOver = await new Promise((tell) => {
          const image = new Image();
          setTimeout(tell, Limit.TIMEOUT_MS);
          image.src = url.href;
          image.onload = image.onerror = () => tell(image.width == 1);
        });
      }
    }
    const again = batch.filter((key, index) => {
      free(key);
      return (own[index] ? own[index] > 499 : !isOver) || forget(key);
    });
    if (!again[0]) failures = 0;
    else if (!pause() || wait > pause()) {
      const half = Math.min(2 ** failures++ * 1e3, Limit.BACKOFF_MS / 2);
      const longer = Math.max(wait, half * (1 + Math.random()));
      const until = Date.now() + Math.min(longer, Limit.LONGEST_MS - 1);
      // Only one that nobody asked for has a fraction.
      save(pauseKey, wait ? Math.ceil(until) : until);
    }
    return true;
  }

  /** Let events be sent again, after a while. */
  function land(batch: string[], ms: number) {
    return setTimeout(() => batch.forEach(free), ms);
  }

  function forget(key: string) {
    ours.delete(key);
    return !delete store[key];
  }

  addEventListener("pagehide", leave);
  addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("online", () => {
    if (number(pauseKey) % 1) delete store[pauseKey];
    void pump();
  });
  // What earlier pages could not send.
  if (keys().length) wake(Limit.BATCH_MS);

  const isOut = EVERYTHING ? () => store[offKey] || local[offKey] : undefined;

  /** Take the visitor's answer, which is to outlive the page; it says nothing of who gave it. */
  const consent = EVERYTHING
    ? (isGiven: boolean, session: Store) => {
        for (const each of [session, store, local]) delete each[offKey];
        if (isGiven) return;
        // First, so that there is room for the answer. What found no room goes, too.
        for (store of [store, local]) keys().forEach(forget);
        delete session[name];
        save(offKey, "1");
        // Where the page's own data left no room, it lasts as long as the tab.
        if (store != local) session[offKey] = "1";
      }
    : undefined;

  return EVERYTHING ? { put, consent, isOut } : { put };
}
