import { ManygetError } from './errors.js';
import { hostAndPort } from './host-name.js';

/**
 * Why nobody can listen on `port` of `host`, in words for who wanted to: the address, what is in the way, and what would
 * help. What the system said is the `cause`.
 */
export function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ManygetError {
  const code = cause.code === 'EADDRINUSE' ? 'port-in-use' : 'listen-failed';
  return new ManygetError(code, `cannot listen on ${hostAndPort(host, port)}: ${obstacle(cause, host)}`, { cause });
}

function obstacle({ code }: NodeJS.ErrnoException, host: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there';
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine; 0.0.0.0 stands for all that it has`;
    case 'EACCES':
      return 'the system does not let you; ports from 1024 on need no special rights';
    case 'EAFNOSUPPORT':
      return 'this machine has no addresses of that kind; name another one';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} has no address; write one out, as 127.0.0.1`;
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files and connections are open; close some, or raise the limit (ulimit -n)';
    default:
      return `the system refuses it (${code ?? 'no reason given'}); try another port`;
  }
}
