/** Events on their way: each waits in the outbox until the tracker has answered for it.
 *
 * The outbox is localStorage with a key for each event, so that tabs never write each
 * other's. A lock lets one tab send at a time; only a page that is left does not wait for
 * it. What was then sent twice has one `eventId`, and counts once.
 */

/** Characters of waiting events that are kept: some two thousand events. */
const OUTBOX_CHARS = 1e6;
const ROOM_CHARS = 9e5;
/** Characters of one request: browsers keep 64 KiB alive, and one may take three bytes. */
const BATCH_CHARS = 2e4;
const LEAVING_BATCHES = 3;
const BATCH_EVENTS = 10;
const BATCH_MS = 5e3;
/** Younger events of another page are left to it: they may be on their way. */
const FOREIGN_MS = 1e4;
const SETTLE_MS = 100;
const TIMEOUT_MS = 3e4;
const BACKOFF_MS = 3e5;
/** No wait is longer; one that is was noted by a clock that was wrong. */
const LONGEST_MS = 36e5;
/** What was taken, and what will be refused again, however often it is sent. */
const FINAL = /^(2..|40[013]|413)$/;

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
  let store: Record<string, string> = {};
  try {
    store = localStorage || store;
  } catch {
    // Storage is blocked: events wait as long as the page does.
  }
  /** Keys that this page made, and of these those under way. */
  const ours = new Set<string>();
  const flying = new Set<string>();
  // Unknown as yet: the first event has it counted.
  let size = OUTBOX_CHARS;
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
    if ((size += json.length) > OUTBOX_CHARS) trim(json.length);
    save(key, json);
    ours.add(key);
    wake(BATCH_MS);
    // Together with what else the page says now.
    if (document.hidden) queueMicrotask(leave);
    else if (ours.size - flying.size >= BATCH_EVENTS) void pump();
  }

  function save(key: string, value: string) {
    try {
      store[key] = value;
    } catch {
      // The page's own data left no room; what is in there is for the next page.
      store = { [key]: value };
    }
  }

  function trim(more: number) {
    size = more;
    for (const key of keys().reverse()) {
      more += text(key).length;
      // A tenth is made free at once, so that not every event looks through them all.
      if (more < ROOM_CHARS) size = more;
      else {
        forget(key);
        save(dropKey, `${number(dropKey) + 1}`);
      }
    }
  }

  function wake(ms: number) {
    timer ||= setTimeout(pump, ms);
  }

  /** Milliseconds until the tracker may be asked again. */
  function pause() {
    const left = number(pauseKey) - Date.now();
    return left > 0 && left < LONGEST_MS ? left : 0;
  }

  async function pump() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    timer = 0;
    const locks = navigator.locks;
    // There is none without TLS, and none to be had in a sandbox.
    await (locks ? locks.request(name, drain).catch(drain) : drain());
    busy = false;
    if (keys().length) wake(pause() || BATCH_MS);
  }

  async function drain() {
    while (!pause()) {
      const dropped = number(dropKey);
      delete store[dropKey];
      if (dropped) onDrop(dropped);
      const batch = next(FOREIGN_MS);
      if (!batch[0]) break;
      await send(batch);
    }
    // Other tabs hear a little later what is gone from the outbox.
    await new Promise((go) => setTimeout(go, SETTLE_MS));
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
        (!chars || chars + more < BATCH_CHARS) &&
        (chars += more)
      );
    });
  }

  /** Send what this page has not sent, now: it may be the last moment. */
  function leave() {
    // As much as browsers keep alive; the rest waits for the next page.
    for (let left = LEAVING_BATCHES; left-- && !pause(); ) {
      const batch = next(1 / 0);
      if (batch[0]) void send(batch, true);
    }
  }

  async function send(batch: string[], leaving?: boolean) {
    for (const key of batch) flying.add(key);
    const sentAt = new Date();
    const head = JSON.stringify({ ...shared, sentAt }).slice(0, -1);
    const body = `${head},"events":[${batch.map(text)}]}`;
    const own: Record<number, number> = {};
    let status = 0;
    let wait = 0;
    try {
      if (leaving && !("keepalive" in Request.prototype)) {
        // Nobody hears the answer: the events stay, for the next page to make sure.
        navigator.sendBeacon(endpoint, body);
      } else {
        const reply = await fetch(endpoint, {
          method: "POST",
          body,
          credentials: "omit",
          keepalive: body.length < BATCH_CHARS + 1e3,
          signal: AbortSignal.timeout?.(TIMEOUT_MS) as AbortSignal,
        });
        status = reply.status;
        wait = +(reply.headers.get("Retry-After") || 0) * 1e3 || 0;
        for (const each of (await reply.json()).rejected || []) {
          own[each.index] = each.status;
        }
      }
    } catch {
      // No answer, or one that the page may not read. Where its policy allows images
      // alone, one of them takes an event.
      if (!status && (await shown(batch[0]!, head))) {
        for (const key of batch.splice(1)) flying.delete(key);
        status = 200;
      }
    }
    const isOver = FINAL.test(`${status}`);
    const again = batch.filter((key, index) => {
      flying.delete(key);
      return (own[index] ? own[index] > 499 : !isOver) || forget(key);
    });
    if (!again[0]) failures = 0;
    else if (!pause()) {
      const backoff = Math.min(2 ** ++failures * 1e3, BACKOFF_MS);
      wait = Math.max(wait, backoff * (0.5 + Math.random() / 2));
      save(pauseKey, `${Date.now() + Math.min(wait, LONGEST_MS - 1)}`);
    }
  }

  function shown(key: string, head: string) {
    return new Promise<unknown>((tell) => {
      const image = new Image();
      const query = new URLSearchParams();
      const event = JSON.parse(`${head},${text(key).slice(1)}`) as Event;
      for (const member in event) {
        const value = event[member];
        query.set(member, typeof value == "string" ? value : JSON.stringify(value));
      }
      image.onload = tell;
      image.onerror = () => tell(0);
      image.src = `${new URL("pixel.gif", endpoint)}?${query}`;
    });
  }

  function forget(key: string) {
    ours.delete(key);
    return !delete store[key];
  }

  addEventListener("pagehide", leave);
  addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("online", () => {
    delete store[pauseKey];
    void pump();
  });
  // What earlier pages could not send.
  if (keys().length) wake(BATCH_MS);

  /** Drop what waits. */
  function clear() {
    keys().forEach(forget);
  }

  return { put, save, text, clear };
}
