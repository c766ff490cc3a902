/** Requests to the daemon, with the token that came behind the # of the page's address. */
const tokenKey = 'manyget-token';

let token = takeToken();

function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    // Out of sight at once: addresses are shown, shared and kept.
    history.replaceState(undefined, '', location.pathname);
    sessionStorage.setItem(tokenKey, given);
    return given;
  }
  return sessionStorage.getItem(tokenKey) ?? '';
}

export function setToken(given: string): void {
  const fragment = /#token=(\S+)/.exec(given);
  token = (fragment?.[1] ?? given).trim();
  sessionStorage.setItem(tokenKey, token);
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal !== undefined) init.signal = signal;
  const response = await fetch(path, init);
  if (response.ok) return response;
  const answer = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
  throw new ApiError(answer?.error?.message ?? `the daemon answered ${response.status}`, response.status);
}

/** Reads server-sent events until the stream ends. EventSource cannot send the token. */
export async function readEvents(response: Response, onEvent: (event: string, data: unknown) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const [, event, data] = /^event: (\S+)\ndata: (.*)$/s.exec(message) ?? [];
      if (event !== undefined && data !== undefined) onEvent(event, JSON.parse(data));
    }
  }
}
