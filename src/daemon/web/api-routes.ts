import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { asManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import type { Additions } from '../additions.js';
import { mapCells } from '../engine/map-runs.js';
import type { FleetBoard } from '../fleets/fleet-board.js';
import type { DownloadQueue } from '../queue/download-queue.js';
import { isGlobalOption, readOptions } from '../queue/option-table.js';
import type { QueueEntry } from '../queue/queue-entry.js';
import type { JsonRpc } from '../rpc/json-rpc.js';
import { addRequest, moveRequest, optionsRequest, sourceRequest, sourcesRequest } from './api-schemas.js';
import { fleetRoutes } from './fleet-routes.js';
import { metricsText } from './metrics.js';
import { openApiDescription } from './openapi.js';
import { tokenDemand, type Guard } from './guard.js';
import { pagePolicy, type PageFile } from './page-files.js';
import { askedCells } from './asked-cells.js';
import { readBody } from './read-body.js';

/** The daemon's own API and what is served beside it. Every route below /api/ and /metrics asks for the token. */
interface ApiParts {
  readonly queue: DownloadQueue;
  readonly fleets: FleetBoard;
  readonly additions: Additions;
  readonly rpc: JsonRpc;
  readonly guard: Guard;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly version: string;
  readonly shutdown: () => void;
}

/** As aria2's own default times 16: a Metalink in an argument may be long. */
const bodyBytesMax = 32 * 1024 * 1024;

export function apiRoutes(parts: ApiParts): Hono {
  const app = new Hono();
  app.onError((thrown, c) => refuse(c, thrown));
  app.notFound((c) =>
    c.json({ error: { code: 'not-found', message: `there is no ${printable(c.req.path, 100)}` } }, 404),
  );
  app.use('*', bodyLimit({ maxSize: bodyBytesMax }));
  app.post('/jsonrpc', async (c) => {
    const { status, body } = await parts.rpc.answer(await c.req.text());
    return c.body(body, status as ContentfulStatusCode, { 'content-type': 'application/json-rpc' });
  });
  const authorize = async (c: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    if (!parts.guard.isAuthorized(c.req.header('authorization'))) {
      const error = { code: 'daemon-refused', message: tokenDemand };
      return c.json({ error }, 401, { 'www-authenticate': 'Bearer' });
    }
    await next();
    return undefined;
  };
  app.use('/api/*', authorize);
  app.use('/metrics', authorize);
  app.get('/metrics', (c) =>
    c.text(metricsText(parts.queue, parts.fleets.items), 200, { 'content-type': 'text/plain; version=0.0.4' }),
  );
  queueRoutes(app, parts);
  downloadRoutes(app, parts);
  steeringRoutes(app, parts);
  fleetRoutes(app, parts.fleets);
  pageRoutes(app, parts);
  return app;
}

function queueRoutes(app: Hono, parts: ApiParts): void {
  const { queue, additions } = parts;
  const position = (entry: QueueEntry): number => queue.lists.positionOf(entry);
  app.get('/api/openapi.json', (c) => c.json(openApiDescription(parts.version)));
  app.get('/api/status', (c) => c.json({ version: parts.version, pid: process.pid, ...queue.totals() }));
  app.get('/api/downloads', (c) => c.json(queue.lists.items()));
  app.post('/api/downloads', async (c) => {
    const wanted = await readBody(c, addRequest);
    const namesNothing = wanted.sources.length === 0 && wanted.metalink === undefined;
    const all = namesNothing && wanted.downloads.length > 0 ? wanted.downloads : [wanted, ...wanted.downloads];
    const wishes = all.map(({ sources, metalink, options }) => ({
      sources,
      document: metalink === undefined ? undefined : Buffer.from(metalink, 'utf8'),
      options: readOptions(options),
    }));
    const added = await additions.addAll(wishes, wanted.position);
    return c.json(
      added.map((entry) => entry.item(position(entry))),
      201,
    );
  });
  app.post('/api/forget-ended', (c) => {
    queue.forget(queue.lists.stopped);
    return c.json({ ok: true });
  });
  app.get('/api/options', (c) => c.json(queue.options));
  app.patch('/api/options', async (c) => {
    queue.changeAll(readOptions((await readBody(c, optionsRequest)).options));
    return c.json(queue.options);
  });
  app.get('/api/servers', (c) => c.json(queue.servers()));
  app.post('/api/shutdown', (c) => {
    parts.shutdown();
    return c.json({ ok: true });
  });
}

const one = '/api/downloads/:gid';

/** What routes of one download begin and end with. */
function forOne({ queue }: ApiParts): {
  readonly entryOf: (c: Context) => QueueEntry;
  readonly detail: (c: Context, entry: QueueEntry) => Response;
} {
  return {
    entryOf: (c) => queue.lists.get(c.req.param('gid') ?? ''),
    detail: (c, entry) => c.json(entry.detail(queue.lists.positionOf(entry))),
  };
}

function downloadRoutes(app: Hono, parts: ApiParts): void {
  const { queue } = parts;
  const { entryOf, detail } = forOne(parts);
  app.get(one, (c) => detail(c, entryOf(c)));
  app.delete(one, async (c) => {
    const entry = entryOf(c);
    if (!entry.isStopped) await queue.remove(entry);
    else queue.forget([entry]);
    return c.json({ ok: true });
  });
  app.post(`${one}/pause`, (c) => {
    const entry = entryOf(c);
    queue.pause(entry);
    return detail(c, entry);
  });
  app.post(`${one}/resume`, (c) => {
    const entry = entryOf(c);
    if (entry.state === 'paused') queue.unpause(entry);
    else queue.retry(entry);
    return detail(c, entry);
  });
  app.post(`${one}/move`, async (c) => {
    const entry = entryOf(c);
    const { position, rule } = await readBody(c, moveRequest);
    queue.move(entry, position, rule);
    return detail(c, entry);
  });
  app.get(`${one}/log`, (c) => {
    const after = Number(c.req.query('after') ?? 0);
    return c.json(entryOf(c).events.filter((event) => event.number > after));
  });
  app.get(`${one}/map`, async (c) => {
    return c.json(mapCells(await entryOf(c).mapRuns(askedCells(c.req.query('cells'), 512))));
  });
}

/** What changes how a download is done, while it runs, too. */
function steeringRoutes(app: Hono, parts: ApiParts): void {
  const { queue } = parts;
  const { entryOf, detail } = forOne(parts);
  app.post(`${one}/sources`, async (c) => {
    const entry = entryOf(c);
    const { add, remove } = await readBody(c, sourcesRequest);
    await queue.steering.add(entry, add);
    await queue.steering.remove(entry, remove);
    return detail(c, entry);
  });
  app.patch(`${one}/sources/:id`, async (c) => {
    const entry = entryOf(c);
    const id = Number(c.req.param('id'));
    const { used, limitBytesPerSec } = await readBody(c, sourceRequest);
    if (used !== undefined) await queue.steering.use(entry, id, used);
    if (limitBytesPerSec !== undefined) await queue.steering.limit(entry, id, limitBytesPerSec ?? undefined);
    return detail(c, entry);
  });
  app.patch(`${one}/options`, async (c) => {
    const entry = entryOf(c);
    const options = Object.entries(readOptions((await readBody(c, optionsRequest)).options));
    await queue.change(entry, Object.fromEntries(options.filter(([name]) => !isGlobalOption(name))));
    return detail(c, entry);
  });
}

function pageRoutes(app: Hono, { page }: ApiParts): void {
  app.get('*', (c, next) => {
    const file = page.get(c.req.path);
    if (file === undefined) return next();
    const zipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    return Promise.resolve(
      c.body(zipped ? file.gzipped : file.body, 200, {
        'content-type': file.type,
        'cache-control': file.isForGood ? 'public, max-age=31536000, immutable' : 'no-cache',
        'content-security-policy': pagePolicy,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        vary: 'Accept-Encoding',
        ...(zipped ? { 'content-encoding': 'gzip' } : {}),
      }),
    );
  });
}

function refuse(c: Context, thrown: unknown): Response {
  const { code, message } = asManygetError(thrown);
  const isUnknown = code === 'gid-unknown' || code === 'fleet-unknown';
  const status = isUnknown ? 404 : code === 'state-conflict' ? 409 : code === 'unexpected' ? 500 : 400;
  return c.json({ error: { code, message } }, status);
}
