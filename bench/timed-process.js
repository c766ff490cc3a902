// @ts-check
// Runs one command as a whole process, and says what it took: wall time, CPU time and peak memory.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

/**
 * @typedef {object} Timing
 * @property {number} wallS Seconds from start to exit.
 * @property {number} cpuS User and system seconds of the process and its children.
 * @property {number} peakMiB Largest resident set seen, MiB; 0 where the system does not tell.
 */

/**
 * Starts `command` without a shell's help but for bash's own `time`, which counts CPU as the system does.
 * @param {readonly string[]} command
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<Timing>} Rejects where the command exits with anything but 0.
 */
export function timeProcess(command, options = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'manyget-time-'));
  const times = path.join(folder, 'times');
  const timed = 'TIMEFORMAT="%R %U %S"; { time "$@" >"$OUT" 2>&1; } 2>"$TIMES"';
  return new Promise((resolve, reject) => {
    const env = { ...process.env, TIMES: times, OUT: path.join(folder, 'out') };
    const child = spawn('bash', ['-c', timed, 'time', ...command], { ...options, env, stdio: 'ignore' });
    const peak = watchPeak(child.pid ?? 0);
    child.on('error', reject);
    child.on('exit', (code) => {
      const peakMiB = peak.stop();
      const text = readFileSync(times, 'utf8').trim().split('\n').at(-1) ?? '';
      const out = readFileSync(path.join(folder, 'out'), 'utf8');
      rmSync(folder, { recursive: true });
      const [wallS = NaN, user = NaN, system = NaN] = text.split(' ').map(Number);
      if (code === 0) resolve({ wallS, cpuS: user + system, peakMiB });
      else reject(new Error(`${command.join(' ')} exited with ${code}: ${out.slice(-500)}`));
    });
  });
}

/**
 * As `timeProcess`, for a command that writes `out`, after an untimed run of the same. A virtual machine's host may take back
 * memory that is free: the first to write a file pays for getting it again, and more for large pages than for small ones.
 * So the timed run finds the memory that its own kind has just left, and waits for nothing that this left to be written.
 * @param {readonly string[]} command
 * @param {string} out
 */
export async function timeWarmProcess(command, out) {
  await timeProcess(command);
  spawnSync('sync');
  rmSync(out);
  return timeProcess(command);
}

/**
 * Looks at the memory of a process' child every few milliseconds (Linux).
 * @param {number} parent
 */
function watchPeak(parent) {
  let peakKiB = 0;
  /** @type {string | undefined} */
  let child;
  const look = () => {
    try {
      child ??= readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')[0] || undefined;
      if (child === undefined) return;
      const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'));
      peakKiB = Math.max(peakKiB, Number(match?.[1] ?? 0));
    } catch {
      // The process has ended, or this system has no /proc: what was seen so far counts.
    }
  };
  const timer = setInterval(look, 10);
  return {
    stop() {
      clearInterval(timer);
      return peakKiB / 1024;
    },
  };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * True where a command is on the path.
 * @param {string} name
 */
export function hasCommand(name) {
  return commandPath(name) !== '';
}

/**
 * Where a command is; empty where it is not.
 * @param {string} name
 */
export function commandPath(name) {
  const folder = (process.env['PATH'] ?? '').split(path.delimiter).find((each) => {
    try {
      accessSync(path.join(each, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return folder === undefined ? '' : path.join(folder, name);
}
