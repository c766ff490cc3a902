/** Content types by the extension of a name: what browsers play and show, and what download tools look at. */
const text = (type: string): string => `${type}; charset=utf-8`;

const types: Readonly<Record<string, string>> = {
  // Video and sound
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  avi: 'video/x-msvideo',
  ogv: 'video/ogg',
  mpg: 'video/mpeg',
  mpeg: 'video/mpeg',
  ts: 'video/mp2t',
  m3u8: 'application/vnd.apple.mpegurl',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  flac: 'audio/flac',
  vtt: text('text/vtt'),
  srt: text('application/x-subrip'),
  // Pictures and fonts
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  ico: 'image/x-icon',
  bmp: 'image/bmp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  // Text and documents
  txt: text('text/plain'),
  log: text('text/plain'),
  md: text('text/markdown'),
  csv: text('text/csv'),
  html: text('text/html'),
  htm: text('text/html'),
  css: text('text/css'),
  js: text('text/javascript'),
  mjs: text('text/javascript'),
  json: 'application/json',
  xml: 'application/xml',
  pdf: 'application/pdf',
  epub: 'application/epub+zip',
  wasm: 'application/wasm',
  // Archives and images of discs
  zip: 'application/zip',
  gz: 'application/gzip',
  tgz: 'application/gzip',
  bz2: 'application/x-bzip2',
  xz: 'application/x-xz',
  zst: 'application/zstd',
  '7z': 'application/x-7z-compressed',
  tar: 'application/x-tar',
  deb: 'application/vnd.debian.binary-package',
  iso: 'application/x-iso9660-image',
  jar: 'application/java-archive',
  apk: 'application/vnd.android.package-archive',
  // What describes downloads
  meta4: 'application/metalink4+xml',
  metalink: 'application/metalink+xml',
  torrent: 'application/x-bittorrent',
};

/** The Content-Type for a file of that name. */
export function mediaType(name: string): string {
  const extension = /\.([^./]{1,16})$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return (Object.hasOwn(types, extension) ? types[extension] : undefined) ?? 'application/octet-stream';
}
