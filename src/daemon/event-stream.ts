/** The daemon's live events as somebody outside of a browser reads them: server-sent events over one connection. */
import { get } from 'node:http';

import { ManygetError } from '../base/errors.js';
import type { MapRun, NumberedEvent, QueueDetail, QueueItem, QueueTotals } from '../base/queue-snapshot.js';

/** One message of `/api/events`, as docs/daemon.md describes them. */
export type FeedMessage =
  | { readonly event: 'list' | 'items'; readonly data: readonly QueueItem[] }
  | { readonly event: 'gone' | 'order'; readonly data: readonly string[] }
  | { readonly event: 'totals'; readonly data: QueueTotals }
  | { readonly event: 'detail'; readonly data: QueueDetail }
  | { readonly event: 'map'; readonly data: readonly MapRun[] }
  | { readonly event: 'log'; readonly data: readonly NumberedEvent[] };

export interface EventStreamListener {
  message(message: FeedMessage): void;
  /** It has ended, and not by `close`. */
  lost(error: ManygetError): void;
}

const messageCharsMax = 64 * 1024 * 1024;
/** The daemon says every 15 s that it is there. */
const silentMsMax = 40_000;
const known: ReadonlySet<string> = new Set(['list', 'items', 'order', 'gone', 'totals', 'detail', 'map', 'log']);

/** Opens the stream of `url`; returns what closes it. */
export function openEventStream(url: string, token: string, listener: EventStreamListener): { close(): void } {
  let open = true;
  const lose = (message: string, cause?: unknown): void => {
    if (!open) return;
    open = false;
    request.destroy();
    listener.lost(new ManygetError('daemon-absent', message, { cause }));
  };
  const request = get(url, { headers: { authorization: `Bearer ${token}` }, timeout: silentMsMax }, (response) => {
    if (response.statusCode !== 200) {
      lose(`the daemon refused with the status ${response.statusCode ?? 0}`);
      return;
    }
    const take = messageReader((message) => {
      if (open) listener.message(message);
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      try {
        take(text);
      } catch (error) {
        lose('what the daemon sends makes no sense', error);
      }
    });
    response.on('error', (error) => lose('the connection to the daemon broke', error));
    response.on('end', () => lose('the daemon closed the connection'));
  });
  request.on('timeout', () => lose('the daemon is silent'));
  request.on('error', (error) => lose('no daemon answers', error));
  return {
    close() {
      open = false;
      request.destroy();
    },
  };
}

/** Takes the stream as it comes, in any parts; calls `found` with every whole message of a known kind. */
function messageReader(found: (message: FeedMessage) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    let from = 0;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n', from)) {
      const match = /^event: (\w+)\ndata: ([^]*)$/.exec(rest.slice(from, end));
      from = end + 2;
      const [, event = '', data = ''] = match ?? [];
      // The daemon is ours: what it sends is what the types of its snapshots say.
      if (known.has(event)) found({ event, data: JSON.parse(data) as unknown } as FeedMessage);
    }
    rest = rest.slice(from);
    if (rest.length > messageCharsMax) throw new Error('a message without an end');
  };
}
