import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { Daemon } from '../../../src/daemon/daemon.js';
import { stateFolder } from '../../../src/daemon/state-folder.js';
import { DownloadLab, type LabFleet } from '../../support/download-lab.js';
import { testWithPeer } from '../../support/peer.js';
import { openAria2Library, openMaria2, startAria2, type RpcClient, type RpcServer } from '../../support/rpc-peers.js';
import { tellStory, type Story, type StoryFiles } from '../../support/rpc-story.js';

/** The same story, told by client libraries of others to our daemon and to aria2c, gets the same answers. */
let lab: DownloadLab;
let fast: LabFleet;
let slow: LabFleet;
let smallSha256: string;

beforeEach(async () => {
  lab = await DownloadLab.create();
  const { path, bytes } = lab.file('small.bin', 3_000_000);
  smallSha256 = createHash('sha256').update(bytes).digest('hex');
  fast = await lab.serve([path]);
  slow = await lab.serve([lab.file('large.bin', 8 * 1024 * 1024, 2).path], { rateLimits: [400 * 1024] });
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

function filesFor(folder: string): StoryFiles {
  const http = (url: string): string => url.replace('mgp://', 'http://');
  mkdirSync(folder);
  return {
    folder,
    small: http(fast.url(1, 'small.bin')),
    large: http(slow.url(1, 'large.bin')),
    missing: http(fast.url(1, 'nothing.bin')),
    metalink: Buffer.from(metalinkOf(http(fast.url(1, 'small.bin')))).toString('base64'),
  };
}

/** The small file under two names: with a hash of the whole, and without. */
function metalinkOf(url: string): string {
  const file = (name: string, inner: string): string =>
    `<file name="${name}"><size>3000000</size>${inner}<url>${url}</url></file>`;
  const hash = `<hash type="sha-256">${smallSha256}</hash>`;
  const files = file('linked-1.bin', hash) + file('linked-2.bin', '');
  return `<?xml version="1.0" encoding="UTF-8"?><metalink xmlns="urn:ietf:params:xml:ns:metalink">${files}</metalink>`;
}

async function ours(folder: string): Promise<RpcServer> {
  const state = stateFolder({ MANYGET_STATE: lab.path('state') });
  const daemon = await Daemon.start({ state, port: 0, folder });
  return {
    port: daemon.address.port,
    secret: daemon.token,
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function storyOf(
  start: (folder: string) => Promise<RpcServer>,
  openClient: (server: RpcServer) => Promise<RpcClient>,
  folder: string,
): Promise<Story> {
  const files = filesFor(folder);
  await using server = await start(folder);
  await using client = await openClient(server);
  return await tellStory(client, files);
}

describe.each([
  ['aria2@4 over WebSocket', openAria2Library],
  ['maria2 over WebSocket', (server: RpcServer) => openMaria2(server, 'ws')],
  ['maria2 over HTTP', (server: RpcServer) => openMaria2(server, 'http')],
] as const)('%s', (_name, openClient) => {
  testWithPeer('aria2c', 'and our daemon give the same answers and notifications', async () => {
    const [theirs, own] = [
      await storyOf((folder) => startAria2('aria2c', folder), openClient, lab.path('theirs')),
      await storyOf(ours, openClient, lab.path('ours')),
    ];
    expect(own.answers).toEqual(theirs.answers);
    expect(own.notifications).toEqual(theirs.notifications);
  });
});
