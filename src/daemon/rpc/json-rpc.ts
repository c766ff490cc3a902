import { asManygetError } from '../../base/errors.js';
import { messageOf } from '../../base/message-of.js';
import { isRecord, missing, RpcArguments, wrongType } from './rpc-arguments.js';
import { RpcError } from './rpc-error.js';

/**
 * JSON-RPC 2.0 as aria2 speaks it: one call or a batch, the token as first parameter ("token:SECRET"), and
 * system.multicall. Knows nothing of HTTP and sockets: a text comes in, a text and a status go out.
 */
export type RpcMethod = (args: RpcArguments) => unknown;

interface RpcAnswer {
  /** Of HTTP. */
  readonly status: number;
  readonly body: string;
}

const parseError = -32700;
const invalidRequest = -32600;
const invalidParams = -32602;
/** In one message, whether in a batch, in multicalls, or both. */
const callsMax = 1000;
const multicall = 'system.multicall';
/** Methods that tell nothing of anybody, and ask for no token. */
const openMethods: ReadonlySet<string> = new Set(['system.listMethods', 'system.listNotifications']);

type Outcome = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } };

export class JsonRpc {
  readonly #methods: ReadonlyMap<string, RpcMethod>;
  readonly #isToken: (token: string) => boolean;

  constructor(methods: ReadonlyMap<string, RpcMethod>, isToken: (token: string) => boolean) {
    this.#methods = methods;
    this.#isToken = isToken;
  }

  /** Never rejects. @param onAuthorized Called for each call that had the token. */
  async answer(text: string, onAuthorized: () => void = () => undefined): Promise<RpcAnswer> {
    let request: unknown;
    try {
      request = JSON.parse(text);
    } catch {
      return single(null, failure(new RpcError('Parse error.', parseError)));
    }
    if (callsIn(request) > callsMax) {
      return single(null, failure(new RpcError(`One message has ${callsMax} calls at most.`, invalidRequest)));
    }
    if (!Array.isArray(request)) {
      const { id, outcome } = await this.#one(request, onAuthorized);
      return single(id, outcome);
    }
    const answers: unknown[] = [];
    for (const each of request as unknown[]) {
      const { id, outcome } = await this.#one(each, onAuthorized);
      answers.push({ id, jsonrpc: '2.0', ...outcome });
    }
    return written(200, answers);
  }

  async #one(request: unknown, onAuthorized: () => void): Promise<{ readonly id: unknown; readonly outcome: Outcome }> {
    // As aria2 has it: clients leave "jsonrpc" out or misspell it, but a call without an id has no answer.
    const { id, method, params = [] } = isRecord(request) ? request : {};
    if (typeof method !== 'string' || id === undefined) {
      return { id: id ?? null, outcome: failure(new RpcError('Invalid Request.', invalidRequest)) };
    }
    if (!Array.isArray(params)) return { id, outcome: failure(new RpcError('Invalid params.', invalidParams)) };
    const outcome =
      method === multicall ? await this.#many(params[0], onAuthorized) : await this.#call(method, params, onAuthorized);
    return { id, outcome };
  }

  async #call(method: string, params: readonly unknown[], onAuthorized: () => void): Promise<Outcome> {
    try {
      const [first, ...rest] = params;
      const token = typeof first === 'string' && first.startsWith('token:') ? first.slice('token:'.length) : undefined;
      if (!openMethods.has(method) && (token === undefined || !this.#isToken(token)))
        throw new RpcError('Unauthorized');
      if (token !== undefined && !openMethods.has(method)) onAuthorized();
      const run = this.#methods.get(method);
      if (run === undefined) throw new RpcError(`No such method: ${method}`);
      return { result: await run(new RpcArguments(token === undefined ? params : rest)) };
    } catch (error) {
      return failure(error);
    }
  }

  /** Each call has its own token, and its own success or failure. */
  async #many(calls: unknown, onAuthorized: () => void): Promise<Outcome> {
    if (!Array.isArray(calls)) return failure(calls === undefined ? missing(0) : wrongType(0));
    const results: unknown[] = [];
    for (const call of calls as unknown[]) {
      const outcome = await this.#ofMany(call, onAuthorized);
      results.push('error' in outcome ? outcome.error : [outcome.result]);
    }
    return { result: results };
  }

  async #ofMany(call: unknown, onAuthorized: () => void): Promise<Outcome> {
    if (!isRecord(call)) return failure(new RpcError('system.multicall expected struct.'));
    const { methodName, params = [] } = call;
    if (typeof methodName !== 'string') return failure(new RpcError('Missing methodName.'));
    if (methodName === multicall) return failure(new RpcError('Recursive system.multicall forbidden.'));
    return this.#call(methodName, Array.isArray(params) ? params : [], onAuthorized);
  }
}

function callsIn(request: unknown): number {
  const each: readonly unknown[] = Array.isArray(request) ? request : [request];
  return each.reduce<number>((sum, one) => sum + callsOf(one), 0);
}

function callsOf(one: unknown): number {
  const { method, params } = isRecord(one) ? one : {};
  const calls: unknown = method === multicall && Array.isArray(params) ? params[0] : undefined;
  return Array.isArray(calls) ? 1 + calls.length : 1;
}

function failure(error: unknown): Outcome {
  if (error instanceof RpcError) return { error: { code: error.code, message: error.message } };
  return { error: { code: 1, message: asManygetError(error).message } };
}

function single(id: unknown, outcome: Outcome): RpcAnswer {
  return written('result' in outcome ? 200 : statusOf(outcome.error.code), { id, jsonrpc: '2.0', ...outcome });
}

/** What a caller sends as id is in the answer, and may nest deeper than can be written; a text has a longest length, too. */
function written(status: number, answer: unknown): RpcAnswer {
  try {
    return { status, body: JSON.stringify(answer) };
  } catch (error) {
    return single(null, failure(new RpcError(`The answer cannot be written: ${messageOf(error)}.`)));
  }
}

function statusOf(code: number): number {
  return code === parseError || code === invalidParams ? 500 : 400;
}
