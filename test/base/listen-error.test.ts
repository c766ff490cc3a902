import { expect, test } from 'vitest';
import { listenError } from '../../src/base/listen-error.js';

test.each([
  ['EADDRINUSE', 'port-in-use', 'another program listens there'],
  ['EADDRNOTAVAIL', 'listen-failed', '::2 is no address of this machine; 0.0.0.0 stands for all that it has'],
  ['EACCES', 'listen-failed', 'the system does not let you; ports from 1024 on need no special rights'],
  ['EAFNOSUPPORT', 'listen-failed', 'this machine has no addresses of that kind; name another one'],
  ['ENOTFOUND', 'listen-failed', 'the name ::2 has no address; write one out, as 127.0.0.1'],
  ['EMFILE', 'listen-failed', 'too many files and connections are open; close some, or raise the limit (ulimit -n)'],
  ['EINVAL', 'listen-failed', 'the system refuses it (EINVAL); try another port'],
])('%s is said with the address, in words of ours', (system, code, why) => {
  const cause = Object.assign(new Error(`listen ${system}: what the system calls it ::2:80`), { code: system });
  const error = listenError(cause, '::2', 80);
  expect(error).toMatchObject({ code, message: `cannot listen on [::2]:80: ${why}`, cause });
});
