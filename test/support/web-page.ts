import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { findPeer } from './peer.js';

/** A real browser, Debian's, looking at the daemon's page. */
interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What the page complained of: errors of its own, of the console, and requests to anybody but the daemon. */
  readonly complaints: string[];
}

interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'dark' | 'light';
}

/** One for all tests of a file; each page has its own storage all the same. */
let browser: Promise<Browser> | undefined;

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

function launch(): Promise<Browser> {
  const executablePath = findPeer('chromium');
  if (executablePath === undefined) throw new Error('chromium is not installed');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export async function openPage(url: string, options: PageOptions = {}): Promise<OpenPage> {
  browser ??= launch();
  const { width = 1280, height = 1000, scheme = 'dark' } = options;
  const page = await (await browser).newPage({ viewport: { width, height }, colorScheme: scheme });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(request.url())) {
      complaints.push(`asks ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => page.context().close() };
}
