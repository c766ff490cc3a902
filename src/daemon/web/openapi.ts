import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import {
  addRequest,
  detailSchema,
  errorSchema,
  fleetRequest,
  fleetSchema,
  itemSchema,
  moveRequest,
  optionsRequest,
  serverSchema,
  sourceRequest,
  sourcesRequest,
} from './api-schemas.js';

type Json = Record<string, unknown>;

interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly request?: GenericSchema;
  readonly response?: Json;
  readonly status?: number;
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const list = (name: string): Json => ({ type: 'array', items: ref(name) });
const one = '/api/downloads/{gid}';
const fleet = '/api/fleets/{id}';

const operations: readonly Operation[] = [
  { method: 'get', path: '/api/status', summary: 'Version and totals' },
  { method: 'get', path: '/api/downloads', summary: 'All downloads', response: list('Item') },
  { method: 'post', path: '/api/downloads', summary: 'Add', request: addRequest, response: list('Item'), status: 201 },
  { method: 'post', path: '/api/forget-ended', summary: 'Forget downloads that have ended' },
  { method: 'get', path: one, summary: 'One download', response: ref('Detail') },
  { method: 'delete', path: one, summary: 'Remove it; one that has ended is forgotten' },
  { method: 'post', path: `${one}/pause`, summary: 'Pause', response: ref('Detail') },
  { method: 'post', path: `${one}/resume`, summary: 'Go on, or try again what failed', response: ref('Detail') },
  { method: 'post', path: `${one}/move`, summary: 'Reorder', request: moveRequest, response: ref('Detail') },
  {
    method: 'post',
    path: `${one}/sources`,
    summary: 'Add and remove sources',
    request: sourcesRequest,
    response: ref('Detail'),
  },
  {
    method: 'patch',
    path: `${one}/sources/{id}`,
    summary: 'Let a source rest, use it again, limit its speed',
    request: sourceRequest,
    response: ref('Detail'),
  },
  { method: 'patch', path: `${one}/options`, summary: 'Set options', request: optionsRequest, response: ref('Detail') },
  { method: 'get', path: `${one}/log`, summary: 'Decisions with their reasons; ?after=NUMBER for newer ones' },
  { method: 'get', path: `${one}/map`, summary: 'What is where in the file; ?cells=COUNT' },
  { method: 'get', path: '/api/options', summary: 'Options of the queue' },
  { method: 'patch', path: '/api/options', summary: 'Set options of the queue', request: optionsRequest },
  { method: 'get', path: '/api/servers', summary: 'What is known of servers', response: list('Server') },
  { method: 'get', path: '/api/fleets', summary: 'Fleets of servers', response: list('Fleet') },
  {
    method: 'post',
    path: '/api/fleets',
    summary: 'Run servers of files and folders',
    request: fleetRequest,
    response: ref('Fleet'),
    status: 201,
  },
  { method: 'get', path: fleet, summary: 'One fleet', response: ref('Fleet') },
  { method: 'delete', path: fleet, summary: 'End its servers, and forget it' },
  { method: 'post', path: `${fleet}/close`, summary: 'Close all its servers', response: ref('Fleet') },
  { method: 'post', path: `${fleet}/open`, summary: 'Open those that are closed', response: ref('Fleet') },
  { method: 'post', path: `${fleet}/servers/{number}/close`, summary: 'Close one server', response: ref('Fleet') },
  { method: 'post', path: `${fleet}/servers/{number}/open`, summary: 'Open it again', response: ref('Fleet') },
  {
    method: 'get',
    path: '/api/events',
    summary: 'Live events (text/event-stream); ?gid=GID&cells=COUNT for one more closely',
  },
  { method: 'post', path: '/api/shutdown', summary: 'End the daemon' },
  { method: 'get', path: '/metrics', summary: 'Prometheus metrics' },
];

/** The API in the words of OpenAPI 3.1, made from the schemas that check it. */
export function openApiDescription(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: '3.1.0',
    info: { title: 'manyget daemon', version, description: 'See docs/daemon.md.' },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Item: schemaOf(itemSchema),
        Detail: schemaOf(detailSchema),
        Server: schemaOf(serverSchema),
        Fleet: schemaOf(fleetSchema),
        Error: schemaOf(errorSchema),
      },
    },
  };
}

function describe({ path, summary, request, response, status = 200 }: Operation): Json {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    return { name, in: 'path', required: true, schema: { type: name === 'gid' ? 'string' : 'integer' } };
  });
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined ? {} : { requestBody: { required: true, content: json(schemaOf(request)) } }),
    responses: {
      [status]: { description: 'Done', ...(response === undefined ? {} : { content: json(response) }) },
      default: { description: 'Refused', content: json(ref('Error')) },
    },
  };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function schemaOf(schema: GenericSchema): Json {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema, { typeMode: 'input' }) as Json;
  return rest;
}
