import type { HeaderLine } from './http-request.js';

/** Every status that our server answers with. */
export const statusTexts = {
  200: 'OK',
  206: 'Partial Content',
  301: 'Moved Permanently',
  304: 'Not Modified',
  400: 'Bad Request',
  404: 'Not Found',
  401: 'Unauthorized',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
} as const;

export type HttpStatus = keyof typeof statusTexts;

/** The head of an answer. Throws where a value could break it apart: values are made here, never passed on. */
export function encodeAnswerHead(status: HttpStatus, headers: readonly HeaderLine[]): string {
  let text = `HTTP/1.1 ${status} ${statusTexts[status]}\r\n`;
  for (const [name, value] of headers) {
    if (!/^[\u0020-\u007e]*$/.test(value))
      throw new Error(`the header ${name} would hold characters that break a head`);
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/** As HTTP writes dates, "Sun, 06 Nov 1994 08:49:37 GMT". */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
