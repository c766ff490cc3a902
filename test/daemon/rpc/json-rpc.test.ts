import { expect, test } from 'vitest';
import { JsonRpc, type RpcMethod } from '../../../src/daemon/rpc/json-rpc.js';

const methods = new Map<string, RpcMethod>([
  ['system.listMethods', () => ['system.listMethods']],
  ['aria2.secret', () => 'told'],
  [
    'aria2.endless',
    () => ({
      toJSON() {
        throw new RangeError('Invalid string length');
      },
    }),
  ],
]);
const rpc = new JsonRpc(methods, (token) => token === 'right');

async function ask(request: unknown): Promise<unknown> {
  return JSON.parse((await rpc.answer(JSON.stringify(request))).body);
}

test('nobody is told anything without the token', async () => {
  expect(await ask({ id: 1, method: 'aria2.secret' })).toMatchObject({ error: { message: 'Unauthorized' } });
  expect(await ask({ id: 1, method: 'aria2.secret', params: ['token:wrong'] })).toMatchObject({ error: { code: 1 } });
  expect(await ask({ id: 1, method: 'aria2.secret', params: ['token:right'] })).toMatchObject({ result: 'told' });
});

test('who asked in a wrong way is told so under the id that was given', async () => {
  for (const wrong of [{ id: 7 }, { id: 7, method: 5 }]) {
    expect(await ask(wrong)).toMatchObject({ id: 7, error: { code: -32600 } });
  }
  const calls = { id: 8, method: 'system.multicall', params: ['token:right', []] };
  expect(await ask(calls)).toMatchObject({ id: 8, error: { message: 'The parameter at 0 has wrong type.' } });
});

test('an id that nests deeper than can be written back is answered with an error', async () => {
  const depth = 1_000_000;
  const { status, body } = await rpc.answer(`{"id":${'['.repeat(depth)}${']'.repeat(depth)},"method":"x"}`);
  expect(status).toBe(400);
  expect(JSON.parse(body)).toMatchObject({ id: null, error: { code: 1 } });
  expect(body).toContain('call stack');
});

test('an answer that is longer than a text can be is an error, in a batch, too', async () => {
  const call = { id: 1, method: 'aria2.endless', params: ['token:right'] };
  for (const request of [call, [call, call]]) {
    const { body } = await rpc.answer(JSON.stringify(request));
    expect(body).toContain('"id":null');
    expect(body).toContain('Invalid string length');
  }
});

test('a message has so many calls and no more, however they are put into it', async () => {
  const call = { id: 1, method: 'system.listMethods' };
  const many = (count: number): unknown[] => Array.from({ length: count }, () => call);
  const multi = (count: number): unknown => ({
    id: 2,
    method: 'system.multicall',
    params: [Array.from({ length: count }, () => ({ methodName: 'system.listMethods' }))],
  });
  expect(await ask(many(1000))).toHaveLength(1000);
  expect(((await ask(multi(999))) as { result: unknown[] }).result).toHaveLength(999);
  for (const request of [many(1001), multi(1000), Array.from({ length: 2 }, () => multi(500))]) {
    expect(await ask(request)).toMatchObject({ id: null, error: { code: -32600 } });
  }
});
