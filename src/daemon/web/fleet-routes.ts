import type { Context, Hono } from 'hono';
import { ManygetError } from '../../base/errors.js';
import type { FleetBoard } from '../fleets/fleet-board.js';
import { fleetRequest } from './api-schemas.js';
import { readBody } from './read-body.js';

/** The part of the daemon's own API that is about its fleets of servers. */
export function fleetRoutes(app: Hono, fleets: FleetBoard): void {
  const idOf = (c: Context): number => wholeNumber(c.req.param('id') ?? '', 'fleet');
  const one = '/api/fleets/:id';
  app.get('/api/fleets', (c) => c.json(fleets.items));
  app.post('/api/fleets', async (c) => {
    const { servers, ports, ...wishes } = await readBody(c, fleetRequest);
    const free = Array.from({ length: servers ?? 4 }, () => 0);
    return c.json((await fleets.add({ ...wishes, ports: ports ?? free })).item(), 201);
  });
  app.get(one, (c) => c.json(fleets.get(idOf(c)).item()));
  app.delete(one, async (c) => {
    await fleets.remove(idOf(c));
    return c.json({ ok: true });
  });
  for (const verb of ['close', 'open'] as const) {
    app.post(`${one}/${verb}`, async (c) => {
      const fleet = fleets.get(idOf(c));
      await fleet[verb](undefined);
      return c.json(fleet.item());
    });
    app.post(`${one}/servers/:number/${verb}`, async (c) => {
      const fleet = fleets.get(idOf(c));
      await fleet[verb](wholeNumber(c.req.param('number'), 'server'));
      return c.json(fleet.item());
    });
  }
}

function wholeNumber(text: string, what: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ManygetError('usage', `a ${what} has a number, received "${text.slice(0, 40)}"`);
}
