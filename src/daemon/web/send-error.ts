import type { ServerResponse } from 'node:http';

/** A refusal as all of the daemon's answers have it. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code, message } }));
}
