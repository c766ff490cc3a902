import { describe, expect, test } from 'vitest';
import { MgpSource } from '../../../src/sources/tcp/mgp-source.js';
import { defaultTlsTrust } from '../../../src/sources/tls-trust.js';
import { endWithTests } from '../../support/end-with-tests.js';
import { RecordingHandler } from '../../support/recording-handler.js';
import { ScriptedMgpServer, type ScriptedServerOptions } from '../../support/scripted-mgp-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const identity = { agent: 'test/1', token: undefined, trust: defaultTlsTrust };
const timing = { connectTimeoutMs: 4000 };
const bytes = randomBytesOf(300_000);
const handlers: RecordingHandler[] = [];

endWithTests(() => {
  for (const handler of handlers.splice(0)) handler.closeIt();
});

function connect(source: MgpSource): RecordingHandler {
  const handler = new RecordingHandler(bytes.length);
  handler.use(source.connect(handler, timing));
  handlers.push(handler);
  return handler;
}

function serving(options: Partial<ScriptedServerOptions> = {}): Promise<ScriptedMgpServer> {
  return ScriptedMgpServer.start({ bytes, ...options });
}

describe.concurrent('what a server said of its file on one connection', () => {
  test('serves the next one: it asks for bytes before its own answer', async () => {
    await using server = await serving({ statsMax: 1 });
    const source = new MgpSource(server.url, identity);
    await connect(source).whenReady();
    const second = connect(source);
    expect((await second.whenReady()).sizeBytes).toBe(bytes.length);
    second.connection.request(1, 100, 200_000);
    expect(await second.whenEnded(1)).toBe(200_000);
    expect(second.bytes.subarray(100, 200_000).equals(bytes.subarray(100, 200_000))).toBe(true);
  });

  test('serves those that wait for the same answer', async () => {
    await using server = await serving({ statsMax: 1 });
    const source = new MgpSource(server.url, identity);
    const both = [connect(source), connect(source)];
    for (const handler of both) expect((await handler.whenReady()).sizeBytes).toBe(bytes.length);
  });

  test('is not taken for what another server has', async () => {
    await using silent = await serving({ statsMax: 0 });
    await using server = await serving();
    await connect(new MgpSource(server.url, identity)).whenReady();
    const other = connect(new MgpSource(silent.url, identity));
    await expect(other.whenReady()).rejects.toMatchObject({ code: 'source-silent' });
  });

  test('is forgotten with a connection that is lost', async () => {
    await using server = await serving({ statsMax: 1 });
    const source = new MgpSource(server.url, identity);
    const first = connect(source);
    await first.whenReady();
    server.drop();
    await first.whenClosed();
    await expect(connect(source).whenReady()).rejects.toMatchObject({ code: 'source-silent' });
  });

  test('still has to be said: a connection without an answer ends, ready or not', async () => {
    await using server = await serving({ statsMax: 1 });
    const source = new MgpSource(server.url, identity);
    await connect(source).whenReady();
    const second = connect(source);
    await second.whenReady();
    expect((await second.whenClosed()).code).toBe('source-silent');
  });
});
