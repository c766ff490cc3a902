import { performance } from 'node:perf_hooks';
import { ganttSvg } from './gantt.js';
import { namedWorld, namedWorlds, overHttp, withBurden } from './named-worlds.js';
import { randomWorld, type WorldKind } from './random-world.js';
import { runWorld, type WorldResult } from './run-world.js';
import { runScale } from './scale.js';
import { distribution, sweep } from './sweep.js';
import type { HttpSpec, World } from './world.js';

/** Ideal times, in seconds, by which the distribution is shown. */
const idealSteps = [
  [0, 8],
  [8, 15],
  [15, 30],
  [30, 60],
] as const;

type Print = (line: string) => void;

/** Runs the worlds of the seeds and prints how they went; true where all ended. */
export function sweepText(from: number, count: number, kind: WorldKind, print: Print): boolean {
  const startedMs = performance.now();
  const rows = sweep(from, count, kind);
  const failed = rows.filter((r) => r.ratio === Infinity);
  const ended = rows.filter((r) => r.ratio !== Infinity);
  const took = (performance.now() - startedMs) / 1000;
  print(`${rows.length} worlds, ${failed.length} did not end, ${took.toFixed(1)} s`);
  const line = (name: string, values: readonly number[], digits: number): void => {
    const d = distribution(values);
    const show = (n: number): string => n.toFixed(digits);
    print(`${name.padEnd(14)} median ${show(d.median)}  p90 ${show(d.p90)}  p99 ${show(d.p99)}  max ${show(d.max)}`);
  };
  line(
    'time / bound',
    ended.map((r) => r.ratio),
    3,
  );
  line(
    '.. after start',
    ended.map((r) => r.startedRatio),
    3,
  );
  for (const [from, to] of idealSteps) {
    const within = ended.filter((r) => r.boundMs >= from * 1000 && r.boundMs < to * 1000);
    if (within.length > 0) {
      line(
        `.. ${from} to ${to} s`,
        within.map((r) => r.ratio),
        3,
      );
    }
  }
  line(
    'waste %',
    ended.map((r) => r.waste * 100),
    2,
  );
  line(
    'connections',
    ended.map((r) => r.connections),
    0,
  );
  line(
    'requests',
    ended.map((r) => r.requests),
    0,
  );
  if (kind === 'http') {
    line(
      'reconnects',
      ended.map((r) => r.reconnects),
      0,
    );
  }
  print('worst:');
  const worst = [...rows].sort((a, b) => b.ratio - a.ratio).slice(0, 10);
  const wasteful = [...ended].sort((a, b) => b.waste - a.waste).slice(0, 3);
  for (const r of [...worst, ...wasteful]) {
    const facts = `${r.ratio.toFixed(3)}, waste ${(r.waste * 100).toFixed(2)}%, ideal ${(r.boundMs / 1000).toFixed(1)} s`;
    print(
      `  ${facts}, ${r.sources} sources: npm run bench -- simulate --seed ${r.seed}${kind === 'http' ? ' --http' : ''} --gantt out.svg`,
    );
  }
  return failed.length === 0;
}

/** Runs one world and prints what is in it and how it went. */
export function worldText(
  which: { seed: number | undefined; kind: WorldKind; world: string | undefined; log: boolean },
  print: Print,
): { chart: () => string } {
  const named = (): World | undefined => {
    const world = namedWorld(which.world ?? '');
    return world !== undefined && which.kind === 'http' ? overHttp(world) : world;
  };
  const world = which.seed === undefined ? named() : randomWorld(which.seed, which.kind);
  if (world === undefined) throw new Error(`there is no world ${which.world ?? ''}`);
  print(`${world.name}: ${(world.sizeBytes / 2 ** 20).toFixed(1)} MiB${clientText(world)}`);
  world.sources.forEach((s, i) => print(`  ${i}: ${sourceText(s)}`));
  const result = runWorld(world, which.log ? logger(print) : {});
  print(resultText(result));
  return { chart: () => ganttSvg(result) };
}

function logger(print: Print): Parameters<typeof runWorld>[1] {
  return {
    event(event, commands, nowMs): void {
      const at = nowMs.toFixed(0).padStart(6);
      const { type, ...rest } = event;
      if (type !== 'bytes' && type !== 'tick' && type !== 'alive') print(`${at}  ${type} ${JSON.stringify(rest)}`);
      for (const { type: name, ...facts } of commands) print(`${at}    -> ${name} ${JSON.stringify(facts)}`);
    },
  };
}

function clientText(world: World): string {
  return world.clientRate === undefined ? '' : `, client at ${mbit(world.clientRate)} Mbit/s`;
}

function mbit(rate: number): string {
  return ((rate * 8) / 1e6).toFixed(1);
}

function sourceText(s: World['sources'][number]): string {
  const parts = [`${mbit(s.rate)} Mbit/s`, `${s.rttMs} ms`];
  if (s.http !== undefined) parts.push(httpText(s.http));
  if (s.shaped) parts.push('limits itself');
  if (s.connectionRateMax !== undefined) parts.push(`${mbit(s.connectionRateMax)} Mbit/s a connection`);
  if (s.lossRate > 0) parts.push(`${(s.lossRate * 100).toFixed(2)}% loss`);
  if (s.noiseMs > 0) parts.push(`noise ${(s.noiseSpread * 100).toFixed(0)}% each ${s.noiseMs} ms`);
  if (s.thinkMs > 0) parts.push(`thinks ${s.thinkMs.toFixed(0)} ms`);
  for (const e of s.events) {
    parts.push(`${e.action}${e.action === 'rate' ? ` ${mbit(e.value)}` : ''} at ${(e.atMs / 1000).toFixed(2)} s`);
  }
  return parts.join(', ');
}

function httpText({ ranges, pipelines }: HttpSpec): string {
  if (!ranges) return 'HTTP without ranges';
  return pipelines ? 'HTTP' : 'HTTP, one request at a time';
}

function resultText(r: WorldResult): string {
  const time = `${(r.timeMs / 1000).toFixed(2)} s, bound ${(r.boundMs / 1000).toFixed(2)} s: ${r.ratio.toFixed(3)}`;
  return `${time}, waste ${(r.waste * 100).toFixed(2)}%, ${r.connections} connections, ${r.requests} requests${r.reconnects > 0 ? `, ${r.reconnects} reconnects` : ''}`;
}

/** Runs the named worlds, each also with a source more that is of no use. */
export function worldsText(kind: WorldKind, print: Print): void {
  print(
    `${'world'.padEnd(18)} ideal s  ratio  waste%  conns  reqs | with +slow  +mute  +stuck (times the time without)`,
  );
  const as = (world: World): World => (kind === 'http' ? overHttp(world) : world);
  for (const world of namedWorlds) {
    const r = runWorld(as(world));
    const burdened = (['slow', 'mute', 'stuck'] as const).map(
      (burden) => runWorld(as(withBurden(world, burden))).timeMs,
    );
    const facts = [
      world.name.padEnd(18),
      (r.boundMs / 1000).toFixed(1).padStart(7),
      r.ratio.toFixed(3).padStart(6),
      (r.waste * 100).toFixed(2).padStart(7),
      String(r.connections).padStart(6),
      String(r.requests).padStart(5),
      '|',
      ...burdened.map((ms) => (ms / r.timeMs).toFixed(3).padStart(10)),
    ];
    print(facts.join(' '));
  }
}

/** Runs a world of very many sources and pieces and prints what a decision costs. */
export function scaleText(print: Print): void {
  const [sources, pieces] = [10_000, 1_000_000];
  const r = runScale(sources, pieces);
  print(`${sources} sources, ${pieces} pieces: ${r.decisions} decisions, ${r.seconds.toFixed(1)} s of wall time`);
  print(`a decision: ${r.microsPerDecision.toFixed(2)} microseconds`);
  print(`peak memory of the process: ${r.peakMib.toFixed(0)} MiB; time / bound: ${r.ratio.toFixed(3)}`);
}
