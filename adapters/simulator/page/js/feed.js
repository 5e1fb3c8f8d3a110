// Server-sent events that lose and double nothing.
// The browser resumes a dropped connection with Last-Event-ID by itself; when it
// gives up (the server was away too long), we open a new one from where we were.
// A page nobody looks at lets go: browsers allow six connections to a server, and
// pages left open in other tabs must not use them up.

const AGAIN_MS = 1000;
const UNSEEN_MS = 5000;

/**
 * Follow `path`; `after()` tells where to resume, `on` maps event names to functions
 * of (data, id), `status(connected)` hears of the connection. Returns a way to stop.
 */
export function follow(path, { after, query = {}, on, status = () => {} }) {
  let source = null;
  let timer = 0;
  const open = () => {
    source = new EventSource(`${path}?${new URLSearchParams({ ...query, after: after() })}`);
    source.onopen = () => status(true);
    source.onerror = () => {
      status(false);
      if (source?.readyState === EventSource.CLOSED) later(open, AGAIN_MS);
    };
    for (const [name, hear] of Object.entries(on)) {
      source.addEventListener(name, (event) => hear(JSON.parse(event.data), event.lastEventId));
    }
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  const look = () => {
    if (document.hidden) later(close, UNSEEN_MS);
    else if (source) clearTimeout(timer);
    else open();
  };
  document.addEventListener("visibilitychange", look);
  open();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(timer);
    close();
  };
}
