/** What minisign 0.11 made: keys that are for tests alone, and signatures of `signedDocument`. */
export const signedDocument = Buffer.from('hello, world\n');

export const openKey = {
  id: '7996D8B0C25C5BFF',
  publicKey: 'RWT/W1zCsNiWeTUKKDElRoaNLz/tB/NCpPzqQKeKhGFPPAhIMHTPWppj',
  /** Without a password. */
  secretKey: `untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/1tcwrDYlnmIV7Yl4w0vMgXvjXwaLchahz0oXRomXTb50FknOQmP3jUKKDElRoaNLz/tB/NCpPzqQKeKhGFPPAhIMHTPWppjAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
`,
} as const;

export const sealedKey = {
  id: 'A6C8AB440B1B92DB',
  publicKey: 'RWTbkhsLRKvIplm3sqV/G813d7k8TddZADjjR/NBHQF8YMN1l4a56lEt',
  password: 'secret words',
  secretKey: `untrusted comment: minisign encrypted secret key
RWRTY0Iy7VBkTn4rzf6/Er7RydpywvLrXU7F9f7Pp7x80KIP1L4AAAACAAAAAAAAAEAAAAAAyAyRIhRrEc6Fhrk/QAVPAbFxV5CMFjsM7kdGkBOv34jXRlMjYgXWvtVrpWhzeIICQiiGApth31g7iKGNCC4rxBFNozs0WKVBy7cu4wLOUHX5WEZRhLZUkpn7N/HT4tck1LnM+9RRpPc=
`,
} as const;

/** By `openKey`, over BLAKE2b-512. */
export const signature = `untrusted comment: signature from minisign secret key
RUT/W1zCsNiWeTQ5ZsNxCIlVvv/pyPzFIqQkhVFAGgyvQt5xBfUwi2evPmkoqIDrQkhH0N/snpugBwJf77rzMHu7pbmBdlTX0Ac=
trusted comment: timestamp:5 plain
sRSRsR/LvAUvmFRijLleVz1MOLPp0m4/MNBga7g5HWdE8uNPc1HtVf8YH6fBDxKFvzeFaBty8GfB8sbrbA0sDg==
`;

/** By `openKey`, over the document itself, as old versions made them (minisign -S -l). */
export const legacySignature = `untrusted comment: signature from minisign secret key
RWT/W1zCsNiWebFxYWHtBCnA3fp3+4tAfLyvbty8x40sjCiq2j0ApHzc+bw4P5h0ENsjYEuv909qKofpMdzwV9WPPorFvX51gg4=
trusted comment: old
4n5AqyPcedmd/gCM/EKjHHUoaxLL13A5IhX+1fDF3bPwM6lHTcyfaYguQ5dau6PlxViAdccfZl5oQz0eohMKBA==
`;

/** By `sealedKey`. */
export const sealedSignature = `untrusted comment: signature from minisign secret key
RUTbkhsLRKvIpqE1VK6FKU6mF8o2sFGF78gEbrHqHpzo9xrt7DJ42moa8JsUmPVeieVjPTuo/Lb9acMGXrWc1idTvsbSU40frw0=
trusted comment: x
3ML8RBUsp5BBqcsPR0x0a50xcrYqy50XbGuKKlfWuYXPY2n9BUHMaC8+7Wyct3/vZN/jgCEcB3VZkJoIaHcCCA==
`;
