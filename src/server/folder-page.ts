import { createHash } from 'node:crypto';
import { formatBytes } from '../base/units.js';
import { encodePath } from '../wire/http-request-target.js';
import type { FolderEntry, FolderListing } from './catalog-folder.js';

/**
 * The page that a browser shows for a folder. Complete in itself: no script, no request to anybody, light and dark as
 * the reader's system is.
 *
 * Invariant: every text from the disk goes through `escaped`, every link through `encodePath`.
 */
interface FolderPageOptions {
  /** The entry behind which this page begins; "" for the first page. */
  readonly after: string;
  readonly agent: string;
}

const style = `
:root { color-scheme: light dark; --ink: #1c2128; --faint: #667080; --line: #e3e7ec; --ground: #f6f7f9; --card: #fff; --link: #0b57c4; --hover: #eef3fb; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --faint: #93a0b0; --line: #2b323c; --ground: #12161b; --card: #1a1f26; --link: #7db2ff; --hover: #222a35; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(1rem, 4vw, 3rem); background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { margin: 0 0 1rem; font-size: 1.35rem; font-weight: 600; overflow-wrap: anywhere; }
h1 a, h1 span { color: var(--faint); font-weight: 400; }
table { width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 10px; border-spacing: 0; overflow: hidden; border-collapse: separate; }
th { text-align: left; font-size: .8rem; font-weight: 500; color: var(--faint); }
th, td { padding: .5rem 1rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--hover); }
td:first-child { overflow-wrap: anywhere; }
.size, .date { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--faint); }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
.folder { font-weight: 600; }
footer, .none { color: var(--faint); font-size: .875rem; }
footer { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; justify-content: space-between; padding: .9rem 1rem; }
@media (max-width: 36rem) { .date { display: none; } th, td { padding: .5rem .75rem; } }
`;

/** The Content-Security-Policy for the page: its own style, and nothing else at all. */
export const folderPagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function folderPage(name: string, listing: FolderListing, options: FolderPageOptions): string {
  const title = name === '' ? 'Files' : name;
  const rows = listing.entries.map((entry) => row(name, entry));
  if (name !== '') rows.unshift(upRow(name));
  const last = listing.entries.at(-1);
  const more =
    listing.more && last !== undefined ? `<a href="?after=${encodeURIComponent(last.name)}">Next page</a>` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${heading(name)}</h1>
<table>
<thead><tr><th scope="col">Name</th><th scope="col" class="size">Size</th><th scope="col" class="date">Modified (UTC)</th></tr></thead>
<tbody>
${rows.length === 0 ? '<tr><td colspan="3" class="none">There is nothing here.</td></tr>' : rows.join('\n')}
</tbody>
</table>
<footer><span>${escaped(total(listing, options.after))}</span>${more}<span>${escaped(options.agent)}</span></footer>
</main>
</body>
</html>
`;
}

/** The way to the folder, each step a link. */
function heading(name: string): string {
  if (name === '') return 'Files';
  const segments = name.split('/');
  const steps = segments.slice(0, -1).map((segment, i) => {
    const href = `/${encodePath(segments.slice(0, i + 1).join('/'))}/`;
    return `<a href="${href}">${escaped(segment)}</a> <span>/</span> `;
  });
  return `<a href="/">Files</a> <span>/</span> ${steps.join('')}${escaped(segments.at(-1) ?? '')}`;
}

function upRow(name: string): string {
  const parent = name.split('/').slice(0, -1).join('/');
  const href = parent === '' ? '/' : `/${encodePath(parent)}/`;
  return `<tr><td><a href="${href}">..</a></td><td class="size"></td><td class="date"></td></tr>`;
}

function row(folder: string, entry: FolderEntry): string {
  const path = encodePath(folder === '' ? entry.name : `${folder}/${entry.name}`);
  const name = escaped(entry.name);
  if (entry.kind === 'folder') {
    return `<tr><td><a class="folder" href="/${path}/">${name}/</a></td><td class="size"></td><td class="date"></td></tr>`;
  }
  const bytes = entry.size ?? 0;
  const iso = new Date(entry.mtimeMs ?? 0).toISOString();
  const date = `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
  return (
    `<tr><td><a href="/${path}">${name}</a></td>` +
    `<td class="size" title="${bytes} bytes">${formatBytes(bytes)}</td><td class="date">${date}</td></tr>`
  );
}

function total(listing: FolderListing, after: string): string {
  const files = listing.entries.filter((entry) => entry.kind === 'file');
  const folders = listing.entries.length - files.length;
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const counts = [`${files.length} ${files.length === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`];
  if (folders > 0) counts.push(`${folders} ${folders === 1 ? 'folder' : 'folders'}`);
  if (listing.more || after !== '') counts.push('on this page');
  return counts.join(', ');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// eslint-disable-next-line no-control-regex -- these are the very characters that must not be shown
const misleading = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text for HTML. Characters that would turn the direction of what follows are shown as their numbers. */
function escaped(text: string): string {
  return text
    .replace(misleading, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)
    .replace(/[&<>"']/g, (c) => entities[c] ?? c);
}
