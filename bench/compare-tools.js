// @ts-check
// Times the commands of several tools that fetch the same file, in turns, and prints a row for each.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { sha256 } from './test-file.js';
import { median, timeWarmProcess } from './timed-process.js';

/**
 * @typedef {import('./timed-process.js').Timing} Timing
 * @typedef {{ readonly name: string, readonly command: (out: string) => string[] }} Tool
 * @typedef {object} Task
 * @property {number} mib
 * @property {number} repeat
 * @property {string} file The file that is served; the copies are written beside it.
 * @property {string} digest Its SHA-256.
 */

/**
 * Prints medians, and each tool's ratios to `base`, which are taken within each round.
 * @param {string} title
 * @param {readonly Tool[]} tools
 * @param {string} base Name of the one that ratios are to; none are printed where it is not among the tools.
 * @param {Task} task
 */
export async function compareTools(title, tools, base, task) {
  const results = await timeInTurns(tools, task);
  const columns = '   MiB/s   wall s    CPU s   peak MiB';
  process.stdout.write(`\n${title}\n${''.padEnd(20)}${columns}   throughput and CPU against ${base}\n`);
  const peer = results.get(base);
  for (const [name, timings] of results) {
    const wall = median(timings.map((t) => t.wallS));
    const cpu = median(timings.map((t) => t.cpuS));
    const peak = Math.max(...timings.map((t) => t.peakMiB));
    const figures = [(task.mib / wall).toFixed(0), wall.toFixed(2), cpu.toFixed(2), peak.toFixed(0)];
    const row = `${name.padEnd(20)}${figures.map((f) => f.padStart(9)).join('')}`;
    process.stdout.write(`${row}      ${peer === undefined ? '' : ratios(timings, peer)}\n`);
  }
}

/**
 * @param {readonly Tool[]} tools
 * @param {Task} task
 * @returns {Promise<Map<string, Timing[]>>}
 */
async function timeInTurns(tools, { repeat, file, digest }) {
  const out = path.join(path.dirname(file), 'out.bin');
  /** @type {Map<string, Timing[]>} */
  const results = new Map(tools.map((tool) => [tool.name, []]));
  for (let i = 0; i < repeat; i += 1) {
    for (const tool of tools) {
      const timing = await timeWarmProcess(tool.command(out), out);
      if (i === 0 && sha256(out) !== digest) throw new Error(`${tool.name} wrote other bytes than were served`);
      fs.rmSync(out);
      results.get(tool.name)?.push(timing);
    }
  }
  return results;
}

/** @param {readonly Timing[]} timings @param {readonly Timing[]} peer */
function ratios(timings, peer) {
  const speed = median(timings.map((t, i) => (peer[i]?.wallS ?? NaN) / t.wallS));
  const cpu = median(timings.map((t, i) => t.cpuS / (peer[i]?.cpuS ?? NaN)));
  return `${speed.toFixed(2)}x, ${cpu.toFixed(2)}x`;
}

/** Where and when the figures are from. */
export function machineLine() {
  const date = new Date().toISOString().slice(0, 10);
  return `${os.cpus()[0]?.model.trim() ?? ''}, ${os.cpus().length} cores, Node ${process.version}, ${date}`;
}

/**
 * Resolves once a fleet has hashed all that it serves: from then on it does nothing but serve.
 * @param {import('../dist/index.js').FleetHandle} fleet
 */
export async function hashesKnown(fleet) {
  const isDone = () => fleet.snapshot().files.every((file) => file.hashed >= 1);
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 50));
}
